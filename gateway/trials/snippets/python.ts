/** One reading with paho-mqtt 2, the usual MQTT client of Python. */

import { caFile } from './mosquitto-pub-tls.ts';
import { pythonLiteral, type SnippetKind, type SnippetValues } from './snippet.ts';

export const python: SnippetKind = {
  id: 'python',
  title: { en: 'Python (paho-mqtt 2)', zh: 'Python(paho-mqtt 2)' },
  language: 'python',
  text: (values) => `# pip install "paho-mqtt>=2"
import json
import threading

import paho.mqtt.client as mqtt

${connecting(values)}

reading = ${pythonLiteral(JSON.parse(values.sample))}
info = client.publish(TOPIC, json.dumps(reading), qos=1)
info.wait_for_publish(timeout=10)
print("acknowledged:", info.is_published())

client.disconnect()
client.loop_stop()
`,
};

/** What connects: `client`, whose loop runs, and `TOPIC`. It needs `threading` and paho's `mqtt`. */
export function connecting(values: SnippetValues): string {
  const { clientId, mqtt, password, topic, username } = values;
  return `HOST, PORT = ${pythonLiteral(mqtt.host)}, ${mqtt.port}
TOPIC = ${pythonLiteral(topic)}

connected = threading.Event()


def on_connect(client, userdata, flags, reason_code, properties):
    print("CONNACK:", reason_code)
    if not reason_code.is_failure:
        connected.set()


client = mqtt.Client(
    mqtt.CallbackAPIVersion.VERSION2,
    client_id=${pythonLiteral(clientId)},
    protocol=mqtt.MQTTv311,
)
client.username_pw_set(${pythonLiteral(username)}, ${pythonLiteral(password)})
client.on_connect = on_connect
${withTls(values)}client.connect(HOST, PORT)
client.loop_start()
if not connected.wait(10):
    raise SystemExit("The gateway did not let this device in.")`;
}

function withTls({ mqtt: { tls, tlsPort } }: SnippetValues): string {
  if (tls === null || tlsPort === null) return '';
  const file = tls.ca === null ? '' : pythonLiteral(caFile);
  return `# TLS: PORT = ${tlsPort}; client.tls_set(${file})\n`;
}
