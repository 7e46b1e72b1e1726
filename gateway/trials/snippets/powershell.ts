/** One message with Mosquitto's command line client, from PowerShell on Windows. */

import { caFile } from './mosquitto-pub-tls.ts';
import { powershellLiteral, type SnippetKind, type SnippetValues } from './snippet.ts';

/** Where its installer puts it, which is in no search path. */
const program = '& "$env:ProgramFiles\\mosquitto\\mosquitto_pub.exe"';

export const powershell: SnippetKind = {
  id: 'mosquitto-pub-powershell',
  title: { en: 'mosquitto_pub in Windows PowerShell', zh: 'mosquitto_pub(Windows PowerShell)' },
  language: 'powershell',
  text(values) {
    const { clientId, mqtt, password, sample, topic, username } = values;
    const words = [
      ...['-h', mqtt.host, '-p', String(mqtt.port), '-q', '1'],
      ...['-i', clientId, '-u', username, '-P', password, '-t', topic],
    ];
    if (!words.every(isPassedOn)) return null;
    // Up to version 7.2 quotes within an argument are lost; the standard input keeps them.
    return (
      `$arguments = ${words.map(powershellLiteral).join(', ')}\n` +
      `${powershellLiteral(inAscii(sample))} | ${program} @arguments -s\n${withTls(values)}`
    );
  },
};

/** True when every version gives a program the argument as it is. */
function isPassedOn(word: string): boolean {
  return /^[\x20-\x7e]+$/.test(word) && !word.includes('"') && !word.endsWith('\\');
}

/** The same JSON: version 5.1 sends a program's input in ASCII. */
function inAscii(json: string): string {
  return json.replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function withTls({ mqtt: { tls, tlsPort } }: SnippetValues): string {
  if (tls === null || tlsPort === null) return '';
  const trust = tls.ca === null ? '--tls-use-os-certs' : `--cafile ${caFile}`;
  return `# TLS: -p ${tlsPort} ${trust}\n`;
}
