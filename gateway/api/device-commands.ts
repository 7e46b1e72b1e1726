/** Commands to a device that is online, and what it answers. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type ErrorCode, errorTable, OnrampError } from '../../model/errors.ts';
import { commandStates, type DeviceCommand } from '../device-commands/device-command.ts';
import type { ApiContext } from './context.ts';
import { registered } from './device-answer.ts';
import { owners } from './roles.ts';
import { json, route } from './route.ts';
import { instant, instantOrNull, withInstants } from './time.ts';
import { deviceParams, word } from './validation.ts';

const anyObject = z.record(z.string(), z.unknown());

const commandSchema = z
  .strictObject({
    id: z.string().describe('Sixteen hexadecimal digits'),
    enterprise: z.string(),
    device: z.string(),
    state: z
      .enum(commandStates)
      .describe('delivered: written to its connection; only an answer tells that it was read'),
    code: z
      .enum(Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]])
      .nullable()
      .describe('Why it is undelivered'),
    ...instant('sentAt'),
    ...instantOrNull('deliveredAt'),
    ...instantOrNull('answeredAt'),
    reply: anyObject.nullable().describe("The device's reply, with the id"),
  })
  .meta({ id: 'Command' });

const commandParams = deviceParams.extend({ id: word });

export function deviceCommandRoutes(
  app: FastifyInstance,
  { commands, registry }: Pick<ApiContext, 'registry' | 'commands'>,
): void {
  route(app, {
    method: 'POST',
    url: '/api/v1/devices/{key}/commands',
    tag: 'devices',
    summary: 'Send a command to a device that is online',
    description:
      'The device gets {"id", "command"} at QoS 0 on its topic .../command if it has subscribed ' +
      'to that, and replies on .../command/reply with a JSON object that has the "id". A device ' +
      'that is away gets nothing: commands are not kept for it.',
    access: owners('path'),
    params: deviceParams,
    body: anyObject.describe('The command, as the device is to get it; 16 KiB at most'),
    answers: { 202: json('The command is on its way', commandSchema) },
    handler: async ({ params, body, identity }, reply) => {
      const { enterprise, device, gateway = null } = await registered(registry, params.key);
      const sent = await commands.send({ enterprise, device, gateway }, body, identity.actor);
      return reply.code(202).send(commandAnswer(sent));
    },
  });

  route(app, {
    method: 'GET',
    url: '/api/v1/devices/{key}/commands/{id}',
    tag: 'devices',
    summary: 'What became of a command; remembered for ten minutes',
    access: owners('path'),
    params: commandParams,
    answers: { 200: json('The command', commandSchema) },
    handler: async ({ params }) => {
      const { enterprise, device } = await registered(registry, params.key);
      const found = commands.find(enterprise, device, params.id);
      if (found === null) throw new OnrampError('device.command-unknown', params.id);
      return commandAnswer(found);
    },
  });
}

function commandAnswer(command: DeviceCommand): z.output<typeof commandSchema> {
  const { reply } = command;
  return withInstants({
    ...command,
    reply: reply === null ? null : (JSON.parse(reply) as Record<string, unknown>),
  });
}
