import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { fleetSecret, secretHash } from '../../model/fleet-secret.ts';

const key = Buffer.from('0123456789abcdef0123456789abcdef');

test('a secret is 256 bits, in base64url, the same every time', () => {
  const secret = fleetSecret(key, 'e00042', 'cnc-001');
  expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
  expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(secret).toBe('Lm-hBLTrF27ki8bJJ2Xq2aTZZfUmOYs62BR3-SWhvbI');
});

test('another key, enterprise or device gives another secret', () => {
  const secrets = [
    fleetSecret(key, 'e1', 'cnc-001'),
    fleetSecret(Buffer.alloc(32, 1), 'e1', 'cnc-001'),
    fleetSecret(key, 'e2', 'cnc-001'),
    fleetSecret(key, 'e1', 'cnc-002'),
    fleetSecret(key, 'e1c', 'nc-001'),
  ];
  expect(new Set(secrets).size).toBe(secrets.length);
});

test('what is stored of a secret is its SHA-256', () => {
  expect(secretHash('geheim·密钥')).toEqual(createHash('sha256').update('geheim·密钥').digest());
});
