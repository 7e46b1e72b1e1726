/** One message with Mosquitto's command line client, over TLS. */

import { publish } from './mosquitto-pub.ts';
import type { SnippetKind } from './snippet.ts';

export const caFile = 'onramp-ca.pem';

export const mosquittoPubTls: SnippetKind = {
  id: 'mosquitto-pub-tls',
  title: { en: 'mosquitto_pub over TLS', zh: 'mosquitto_pub(TLS 加密)' },
  language: 'shell',
  text(values) {
    const { tls, tlsPort } = values.mqtt;
    if (tls === null || tlsPort === null) return null;
    if (tls.ca === null) return publish(values, tlsPort, ' --tls-use-os-certs');
    const writeCa = `cat > ${caFile} <<'PEM'\n${tls.ca}PEM\n`;
    return writeCa + publish(values, tlsPort, ` --cafile ${caFile}`);
  },
};
