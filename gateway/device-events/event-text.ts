/**
 * A device's event in one plain sentence, in English and Chinese: what happened, and what to do.
 */

import { type DeviceState, deviceStates } from '../../model/device.ts';
import { type ErrorCode, errorTable } from '../../model/errors.ts';
import type { DeviceEvent } from './device-event.ts';
import { type BothLanguages, phraseOf } from './event-phrases.ts';

const states: Readonly<Record<DeviceState, BothLanguages>> = {
  registered: {
    en: 'The device is registered and has not been seen yet',
    zh: '设备已注册,尚未连接',
  },
  claiming: { en: 'The device is claiming its credential', zh: '设备正在申领凭据' },
  provisioned: {
    en: 'The device has a credential of its own: it is to connect with it now',
    zh: '设备已获得自己的凭据,请用其重新连接',
  },
  connected: {
    en: 'The device has connected: its first reading is awaited',
    zh: '设备已接入,等待第一条读数',
  },
  active: {
    en: 'The device is active: its rows arrive in the store',
    zh: '设备已激活,数据已写入存储',
  },
  inactive: {
    en: 'The device has been silent for a while: check that it still sends',
    zh: '设备已有一段时间没有数据,请检查其是否仍在发送',
  },
  suspended: {
    en: 'The device is suspended: it is shut out until it is resumed',
    zh: '设备已暂停,恢复前不能连接',
  },
  revoked: {
    en: 'The identity of the device was withdrawn for good: it has to be registered anew',
    zh: '设备身份已永久撤销,须重新注册',
  },
  rejected: {
    en: 'The claim of the device was refused: it has to be allowed and claim again',
    zh: '设备的申领被拒绝,须获准后重新申领',
  },
  expired: {
    en: 'The credential of the device was not used in time: it has to claim again',
    zh: '设备未在期限内使用凭据,须重新申领',
  },
  decommissioned: { en: 'The device was taken out of service', zh: '设备已停用' },
};

/** The sentence for an event, with its detail in it. */
export function eventText({ code, detail, kind }: Omit<DeviceEvent, 'count' | 'atMs' | 'key'>): {
  readonly en: string;
  readonly zh: string;
} {
  if (code !== null) {
    const { en, zh } = errorText(code, detail);
    if (kind !== 'disconnected') return { en, zh };
    return { en: `The session was ended: ${en}`, zh: `会话已结束:${zh}` };
  }
  switch (kind) {
    case 'connected':
      return plain('The device connected', '设备已连接', detail);
    case 'disconnected':
      return plain('The device disconnected', '设备已断开', detail);
    case 'accepted':
      return detail === 'event'
        ? plain(
            "An alarm arrived and is safe on the gateway's disk",
            '已收到一条告警并安全落盘',
            '',
          )
        : plain(
            "A reading arrived and is safe on the gateway's disk",
            '已收到一条读数并安全落盘',
            '',
          );
    case 'first-row':
      return plain(
        'The first row of this device is in the store',
        '该设备的第一条数据已写入存储',
        detail,
      );
    case 'state':
      return stateText(detail);
    case 'refused':
      return plain('The device was refused', '设备被拒绝', detail);
    case 'reading-refused':
      return plain('A reading was refused', '一条读数被拒绝', detail);
    case 'field-refused':
      return plain('A value was refused', '一个数值被拒绝', detail);
  }
}

/** The detail of a change of state is the new state. */
function stateText(detail: string): BothLanguages {
  const state = deviceStates.find((known) => known === detail);
  if (state === undefined)
    return plain('The state of the device changed', '设备状态已改变', detail);
  return plain(states[state].en, states[state].zh, '');
}

function errorText(code: ErrorCode, detail: string): BothLanguages {
  const phrase = phraseOf(code, detail);
  const { en, zh } = errorTable[code];
  if (phrase === null)
    return { en: inserted(en, detail, '.', ' '), zh: inserted(zh, detail, '。', '') };
  const { todo, what } = phrase;
  return {
    en: `${what.en} — ${todo.en}.`,
    zh: `${what.zh}——${todo.zh}。`,
  };
}

/** Puts the detail where the table's text has said what happened, before it says what to do. */
function inserted(text: string, detail: string, stop: string, gap: string): string {
  if (detail === '') return text;
  const end = text.indexOf(`${stop}${gap}`);
  const at = end >= 0 ? end : text.endsWith(stop) ? text.length - 1 : text.length;
  return `${text.slice(0, at)}${gap}(${detail})${text.slice(at)}`;
}

function plain(en: string, zh: string, detail: string): BothLanguages {
  if (detail === '') return { en: `${en}.`, zh: `${zh}。` };
  return { en: `${en} (${detail}).`, zh: `${zh}(${detail})。` };
}
