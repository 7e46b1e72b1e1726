/** Every bound of the system, and assertions on how they relate. Units are in the names. */

const KiB = 1024;
const MiB = 1024 * KiB;
const secondMs = 1000;
const dayMs = 86_400 * secondMs;

export const limits = Object.freeze({
  /** Enterprise, device, signal ids. */
  idCharsMax: 64,
  /** A string or enumeration value of a signal. */
  textCharsMax: 256,
  /** Signals a profile may have. */
  profileSignalsMax: 512,
  /** Values one reading of the generic profile may carry. */
  genericSignalsMax: 256,
  /** Enterprises of a simulated city; their names are that many at most. */
  cityEnterprisesMax: 99_999,
  /** Production devices of a simulated city. */
  cityDevicesMax: 1_000_000,
  /** Processes that play one simulation. */
  simulatorProcessesMax: 256,
  /** Changes of interval among the readings of a simulation, remembered in one process. */
  stampRunsMax: 2_000_000,
  /** One MQTT packet, header included. */
  packetBytesMax: 256 * KiB,
  /** One MQTT CONNECT packet, before anybody is authenticated. */
  connectPacketBytesMax: 16 * KiB,
  /** One telemetry or event payload. */
  payloadBytesMax: 128 * KiB,
  /** Readings in one payload (an array). */
  payloadReadingsMax: 1000,
  /** Levels of a topic; the native dialect needs six. */
  topicLevelsMax: 8,
  /** Worker processes of one gateway. */
  workersMax: 64,
  /** Sessions of one worker, unless another number is set: a core and a heap carry no more. */
  workerSessionsMax: 50_000,
  /** A worker that says nothing for this long hangs, and is ended: it speaks once a second. */
  workerSilentMsMax: 30 * secondMs,
  /** The same of one that is starting: many may, on few cores. */
  workerStartMsMax: 5 * 60 * secondMs,
  /** Unacknowledged publishes of one session. */
  sessionInFlightMax: 256,
  /** Publishes waiting for their commit in one worker. */
  workerInFlightMax: 20_000,
  /** Bytes of payload waiting for their commit in one worker. */
  workerInFlightBytesMax: 64 * MiB,
  /** Bytes of payload of one enterprise that wait because it sends more than it may. */
  enterpriseWaitingBytesMax: 4 * MiB,
  /** The same of all enterprises of one worker. */
  gateWaitingBytesMax: 64 * MiB,
  /** Readings in one journal commit. */
  commitReadingsMax: 2000,
  /** Bytes of line protocol and refusals in one journal commit; one payload may exceed it alone. */
  commitBytesMax: 1 * MiB,
  /** One journal record on disk. */
  recordBytesMax: 8 * MiB,
  /** One journal segment: it is closed when the next record would exceed this. */
  segmentBytesMax: 8 * MiB,
  /** Unshipped bytes of all journals together (a setting may lower or raise it). */
  journalBytesMax: 4096 * MiB,
  /** Free disk the journal leaves to everybody else. */
  diskReserveBytes: 256 * MiB,
  /** A PUBACK that waits longer than this closes its session, unacknowledged. */
  ackWaitMsMax: 20 * secondMs,
  /** Keepalive a device may ask for. */
  keepaliveSecondsMax: 3600,
  /** Keepalive under which ackWaitMsMax would not fit is served, but not recommended. */
  keepaliveSecondsDefault: 60,
  /** Loopback addresses a gateway may listen on. */
  loopbackAddressesMax: 256,
  /** Time for a CONNECT to arrive on a new connection. */
  connectTimeoutMs: 10 * secondMs,
  /** Time for a TLS handshake on a new connection. */
  tlsHandshakeTimeoutMs: 5 * secondMs,
  /** Lines in one write to a store. */
  writeLinesMax: 20_000,
  /** Bytes in one write to a store. */
  writeBytesMax: 8 * MiB,
  /** Bytes read of a store's answer to a write. */
  storeAnswerBytesMax: 64 * KiB,
  /** A store's Retry-After counts for this long at most. */
  storeRetryAfterMsMax: 5 * 60 * secondMs,
  /** Bytes of one element of a store's streamed answer to a query. */
  storeElementBytesMax: 64 * MiB,
  /** Bytes of a store's whole answer to a query. */
  storeQueryBytesMax: 1024 * MiB,
  /** Rows of one query of the ledger, so that it fits the store's memory. */
  storeLedgerRowsMax: 200_000,
  /** The same where the answer is a stream (VictoriaMetrics). */
  storeExportRowsMax: 4_000_000,
  /** Bytes of the last writes kept for a store that was started again (VictoriaMetrics). */
  storeRecentBytesMax: 64 * MiB,
  /** Kinds of fields a store has left out, of which each is said once. */
  storeLeftOutKindsMax: 1000,
  /** Reads waiting for the embedded store. */
  storeReadsWaitingMax: 64,
  /** Columns of one measurement in the embedded store. */
  storeColumnsMax: 1024,
  /** Series whose newest timestamp the embedded store remembers. */
  storeSeriesMax: 1_000_000,
  /** Measurements in the embedded store. */
  storeMeasurementsMax: 20_000,
  /** Requests spent to find the bad lines of one refused write, per measurement. */
  isolationRequestsMax: 48,
  /** A reading may be this old (a device catching up). */
  readingAgeMsMax: 30 * dayMs,
  /** Stamps of readings without a timestamp may run ahead of the clock by this. */
  stampLeadMsMax: 2 * secondMs,
  /** A reading may be this far ahead (its clock is a little fast). */
  readingAheadMsMax: 5 * 60 * secondMs,
  /** Readings of one device that may be refused, sustained and at once; then its session is closed. */
  refusalsPerSecondMax: 100,
  refusalsBurstMax: 4000,
  /** Topic filters of one session: a device has one, a gateway one for each of its devices. */
  sessionSubscriptionsMax: 256,
  /** Bytes of payload kept of one dead letter. */
  deadLetterPayloadBytesMax: 16 * KiB,
  /** Dead letters kept with payload per enterprise; older ones keep identity and reason. */
  deadLettersPerEnterpriseMax: 10_000,
  /** Dead letters kept at all per enterprise; beyond it the oldest are forgotten, counted. */
  deadLetterIdentitiesPerEnterpriseMax: 200_000,
  /** A secret that an operator brings along; shorter ones could be guessed from their hash. */
  secretCharsMin: 20,
  secretCharsMax: 256,
  /** Claims of one enterprise that are neither revoked nor expired. */
  claimsPerEnterpriseMax: 1000,
  /** Devices one claim may provision. */
  claimDevicesMax: 1_000_000,
  /** Serials on the allow-list of one claim. */
  claimSerialsMax: 100_000,
  /** Payload of one request for a credential. */
  claimRequestBytesMax: 4 * KiB,
  /** Requests of one claim session. */
  claimRequestsMax: 10,
  /** Requests of all machines of one claim, in one worker: after a rest, and then each second. */
  claimQuestionsBurstMax: 2000,
  claimQuestionsPerSecondMax: 200,
  /** Claim sessions of one enterprise at the same time; they are none of its sessions. */
  claimSessionsPerEnterpriseMax: 500,
  /** A claim session that asks for nothing for this long is closed. */
  claimIdleMsMax: 60 * secondMs,
  /** User names remembered to have been let in, with their addresses, in one worker. */
  loginNamesMax: 100_000,
  /** The same of user names that were wrong. */
  loginFailedNamesMax: 20_000,
  /** Wrong log-ins of one address that are looked at: after a rest, and then each second. */
  loginLookUpsBurstMax: 200,
  loginLookUpsPerSecondMax: 50,
  /** Requests for credentials that one transaction answers. */
  provisionBatchMax: 500,
  /** Refused claims that are remembered, so that each is noted once a minute only. */
  refusalsRememberedMax: 10_000,
  /** Group keys of one enterprise that are not revoked: an unknown device is tried with each. */
  groupsPerEnterpriseMax: 32,
  /** Certificate authorities of one enterprise that are not revoked. */
  authoritiesPerEnterpriseMax: 16,
  /** Unknown devices one group key or authority may bring on board: at most, and unless said. */
  enrolledDevicesMax: 1_000_000,
  enrolledDevicesDefault: 100_000,
  /** PEM of one certificate. */
  certificateCharsMax: 16 * KiB,
  /** Rows of one import. */
  importRowsMax: 500_000,
  /** Characters of one row of an import, or of a profile's table. */
  importRowCharsMax: 8 * KiB,
  /** Bad rows an import lists; all are counted. */
  importErrorsMax: 1000,
  /** Devices of one page for whoever loads all of them. */
  lifeRowsMax: 5000,
  /** Tokens of the API that are neither revoked nor expired: in all, and of one enterprise. */
  tokensMax: 20_000,
  tokensPerEnterpriseMax: 100,
  /** How far ahead a token may expire. */
  tokenLifeMsMax: 366 * dayMs,
  /** How long a list still shows a token that is void. */
  voidTokenKeptMs: 30 * dayMs,
  /** What may be set for one enterprise. */
  enterpriseSessionsMax: 1_000_000,
  enterpriseMessagesPerSecondMax: 1_000_000,
  /** Rows of a page of the API. */
  apiPageRowsMax: 1000,
  /** Rows of an export of readings. */
  apiReadingsMax: 100_000,
  /** Bytes of a request body of the API (an import of 100,000 devices fits). */
  apiBodyBytesMax: 64 * MiB,
  /** Bytes of a request body that is held in memory whole: everything but an import. */
  apiDocumentBytesMax: 1 * MiB,
  /** Connections to the API at the same time. */
  apiConnectionsMax: 1000,
  /** Of these, from one remote address; from this machine itself. */
  apiConnectionsOfAddressMax: 250,
  apiConnectionsOfLoopbackMax: 900,
  /** Tokens remembered to have been right, which are let in whatever others try. */
  apiTokensKnownMax: 10_000,
  /** Look-ups of other tokens for one address: after a rest, and then each second. */
  apiTokenLookUpsBurstMax: 100,
  apiTokenLookUpsPerSecondMax: 20,
  /** Remote addresses whose failed log-ins are remembered. */
  loginAddressesMax: 20_000,
  /** Bytes read of a platform's answer to a client of its API (a page of 1,000 devices fits). */
  apiAnswerBytesMax: 8 * MiB,
  /** Pages that watch the live events at the same time. */
  apiViewersMax: 200,
  /** Of these, with tokens of one enterprise. */
  apiViewersPerEnterpriseMax: 20,
  /** Of these, with one token; with the operator's own of the data folder. */
  apiViewersPerTokenMax: 20,
  apiViewersOfOperatorMax: 100,
  /** Sessions that opened or ended in a worker, waiting for a supervisor that is busy. */
  sessionReportsWaitingMax: 20_000,
  /** Questions of one worker to the supervisor that wait for their answer. */
  questionsOpenMax: 20_000,
  /** A command as a device gets it, and its reply. */
  commandBytesMax: 16 * KiB,
  /** Commands that are remembered, of one device, of one enterprise, and in all; and how long. */
  commandsOfDeviceMax: 8,
  commandsOfEnterpriseMax: 100,
  commandsMax: 2000,
  commandKeptMs: 10 * 60 * secondMs,
  /** Replies of one session: after a rest, and then each second. */
  commandRepliesBurstMax: 32,
  commandRepliesPerSecondMax: 5,
  /** What became of commands in one worker, waiting for a supervisor that is busy. */
  commandOutcomesWaitingMax: 1000,
  /** Devices that were shut out of late, as a worker remembers them. */
  shutOutsRememberedMax: 200_000,
  /** Secrets of devices that were provisioned and have not come back yet, for those who ask again. */
  provisionedRememberedMax: 20_000,
  /** Devices whose events are gathered. */
  watchedDevicesMax: 1000,
  /** Trials that have not ended; the events of each one's device are kept. */
  trialsMax: 500,
  /** What a trial's enterprise may do, unless the operator lets it do more. */
  trialSessionsMax: 20,
  /** Devices of a trial's enterprise, until the trial has ended; withdrawn ones count. */
  trialDevicesMax: 100,
  trialMessagesPerSecondMax: 100,
  /** Events kept of one watched device. */
  deviceEventsMax: 200,
  /** Events of one device, and of all, that a worker gathers in a second. */
  deviceEventsGatheredMax: 32,
  workerEventsGatheredMax: 2000,
});

/** The limits as numbers, so that tests can set tighter ones. */
export type Limits = Readonly<Record<keyof typeof limits, number>>;

/** Throws when the limits contradict each other. Called when this module loads. */
function assertRelations(): void {
  const rules: [string, boolean][] = [
    [
      'an array without timestamps can be stamped',
      limits.payloadReadingsMax <= limits.stampLeadMsMax,
    ],
    ['a refused array fits the burst', limits.payloadReadingsMax < limits.refusalsBurstMax],
    ['a payload fits a packet', limits.payloadBytesMax < limits.packetBytesMax],
    [
      'a commit fits a record',
      limits.commitBytesMax + 4 * limits.payloadBytesMax < limits.recordBytesMax,
    ],
    ['a record fits a segment', limits.recordBytesMax <= limits.segmentBytesMax],
    ['a commit is smaller than what may wait', limits.commitReadingsMax < limits.workerInFlightMax],
    ['one session cannot fill a worker', limits.sessionInFlightMax * 10 < limits.workerInFlightMax],
    [
      'waiting ends before the keepalive',
      limits.ackWaitMsMax < limits.keepaliveSecondsDefault * 1000,
    ],
    ['a write takes several commits', limits.commitReadingsMax < limits.writeLinesMax],
    [
      'payloads of dead letters go before their identities',
      limits.deadLettersPerEnterpriseMax < limits.deadLetterIdentitiesPerEnterpriseMax,
    ],
    [
      'an import may be larger than a document',
      limits.apiDocumentBytesMax < limits.apiBodyBytesMax,
    ],
    [
      'one enterprise leaves room to other viewers',
      limits.apiViewersPerEnterpriseMax * 5 < limits.apiViewersMax,
    ],
    [
      'no token leaves the others without a view',
      Math.max(limits.apiViewersPerTokenMax, limits.apiViewersOfOperatorMax) * 2 <=
        limits.apiViewersMax,
    ],
    [
      'no address takes all connections',
      Math.max(limits.apiConnectionsOfAddressMax, limits.apiConnectionsOfLoopbackMax) <
        limits.apiConnectionsMax,
    ],
    ['viewers leave connections to others', limits.apiViewersMax * 2 < limits.apiConnectionsMax],
    [
      'one enterprise leaves room to others that wait',
      limits.enterpriseWaitingBytesMax * 8 < limits.gateWaitingBytesMax,
    ],
    [
      'one claim leaves questions to others',
      limits.claimQuestionsBurstMax * 8 < limits.questionsOpenMax,
    ],
    ['a command fits a packet', limits.commandBytesMax * 2 < limits.packetBytesMax],
    [
      'one enterprise leaves room to the commands of others',
      limits.commandsOfEnterpriseMax * 10 <= limits.commandsMax,
    ],
    ['every viewer may watch a device of its own', limits.apiViewersMax < limits.watchedDevicesMax],
    ['trials leave events to watch to others', limits.trialsMax * 2 <= limits.watchedDevicesMax],
    ['the journal holds many segments', limits.segmentBytesMax * 8 <= limits.journalBytesMax],
  ];
  for (const [rule, holds] of rules) {
    if (!holds) throw new Error(`limits.ts contradicts itself: ${rule}`);
  }
}

assertRelations();
