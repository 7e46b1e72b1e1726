/**
 * What a worker asks the supervisor, who alone writes the registry, while a machine comes on board.
 */

import type { PinnedCertificate } from '../registry/authorities.ts';

export type Question =
  /** A claim session's request; the answer is a `ProvisionAnswer`. */
  | {
      readonly kind: 'provision';
      readonly enterprise: string;
      readonly claim: string;
      readonly serial: string;
      readonly profile?: string | undefined;
    }
  /** A device whose secret was verified against a group key; the answer is null. */
  | {
      readonly kind: 'enrol';
      readonly enterprise: string;
      readonly group: string;
      readonly device: string;
      readonly secret: string;
    }
  /** A device whose certificate was verified; the answer is null. */
  | {
      readonly kind: 'pin';
      readonly enterprise: string;
      readonly device: string;
      readonly certificate: PinnedCertificate;
    }
  /**
   * A device that has shown the credential it was given for a claim, for the first time. The answer
   * is true once that is in the registry, so that nobody is given its credential anew, whatever
   * dies then; false when it has another credential or state by now.
   */
  | {
      readonly kind: 'arrive';
      readonly enterprise: string;
      readonly device: string;
      /** SHA-256 of its secret, in hexadecimal digits. */
      readonly secretHash: string;
    };

/** The credential of a provisioned device, as it goes back to the machine. */
export interface ProvisionAnswer {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  /** Where to publish telemetry. */
  readonly topic: string;
  readonly sample: string;
}

/** Answers a question, or rejects with the `OnrampError` that the machine is to be told. */
export type Ask = <Answer>(question: Question) => Promise<Answer>;
