/**
 * A reason not to start that the operator can act on. `code` is stable (documentation and tests name it), the message
 * is one sentence for people. Anything else that is thrown at start-up is a defect of ours.
 */
export type StartErrorCode =
  /** A setting is unknown, missing or not valid. */
  | 'configInvalid'
  /** The pages were not built. */
  | 'pagesMissing'
  /** The TCP port is taken or may not be opened. */
  | 'portTaken'
  | 'dataDirNotWritable'
  /** Another running relay works on the same data directory. */
  | 'databaseInUse'
  /** Not readable as a database, or damaged; nothing was changed. */
  | 'databaseCorrupt'
  /** Written by a newer version of this program. */
  | 'databaseNewer'
  /** The server key is malformed, or is not the one that the stored invitations were sealed with. */
  | 'serverKeyInvalid'
  /** The given first administrator's address or password cannot be used. */
  | 'administratorInvalid'
  | (string & {});

export class StartError extends Error {
  readonly code: StartErrorCode;

  constructor(code: StartErrorCode, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.name = 'StartError';
    this.code = code;
  }
}
