import { expect, test } from 'vitest';
import { groupSecret } from '../../model/group-secret.ts';

/** From the documentation of the Device Provisioning Service. */
const key = Buffer.from(
  '8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==',
  'base64',
);

test('the secret is the one that is documented', () => {
  expect(groupSecret(key, 'sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6')).toBe(
    'Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=',
  );
});

test('another device or another key has another secret', () => {
  const secrets = [
    groupSecret(key, 'press-1'),
    groupSecret(key, 'press-2'),
    groupSecret(Buffer.alloc(64), 'press-1'),
  ];
  expect(new Set(secrets).size).toBe(3);
});
