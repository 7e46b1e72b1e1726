/** A bridge from an OPC UA server, in Python: asyncua reads, paho-mqtt publishes. */

import { connecting } from './python.ts';
import { pythonLiteral, type SnippetKind } from './snippet.ts';

export const opcUa: SnippetKind = {
  id: 'opc-ua',
  title: {
    en: 'OPC UA: a bridge in Python, because this gateway does not read OPC UA itself',
    zh: 'OPC UA:本网关暂不直接读取 OPC UA,请用此 Python 程序转发',
  },
  language: 'python',
  text: (values) => `# pip install asyncua "paho-mqtt>=2"
import asyncio
import json
import threading

import paho.mqtt.client as mqtt
from asyncua import Client

${connecting(values)}

SERVER = "opc.tcp://127.0.0.1:4840"
# Signal: node of the OPC UA server / 信号:OPC UA 服务器的节点
NODES = {
${nodes(values.sample)}
}


async def main():
    async with Client(SERVER) as server:
        while True:
            values = {}
            for signal, node in NODES.items():
                values[signal] = await server.get_node(node).read_value()
            client.publish(TOPIC, json.dumps({"values": values}, default=str), qos=1)
            await asyncio.sleep(5)


asyncio.run(main())
`,
};

/** A node for each signal of the sample, with an id to be replaced. */
function nodes(sample: string): string {
  const { values } = JSON.parse(sample) as { values: object };
  return Object.keys(values)
    .map((signal) => `    ${pythonLiteral(signal)}: ${pythonLiteral(`ns=2;s=${signal}`)},`)
    .join('\n');
}
