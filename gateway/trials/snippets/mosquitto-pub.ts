/** One message with Mosquitto's command line client. */

import { type SnippetKind, type SnippetValues, shellWord } from './snippet.ts';

export const mosquittoPub: SnippetKind = {
  id: 'mosquitto-pub',
  title: { en: 'mosquitto_pub', zh: 'mosquitto_pub' },
  language: 'shell',
  text: (values) => publish(values, values.mqtt.port, ''),
};

/** The command that publishes the sample, and waits until it is acknowledged. */
export function publish(values: SnippetValues, port: number, more: string): string {
  const { clientId, mqtt, password, sample, topic, username } = values;
  const lines = [
    `mosquitto_pub -h ${shellWord(mqtt.host)} -p ${port} -q 1${more}`,
    `-i ${shellWord(clientId)} -u ${shellWord(username)} -P ${shellWord(password)}`,
    `-t ${shellWord(topic)}`,
    `-m ${shellWord(sample)}`,
  ];
  return `${lines.join(' \\\n  ')}\n`;
}
