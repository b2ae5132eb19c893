/** Who signed a call: the role behind the access key of its SigV4 scope. */
export interface Caller {
  readonly accessKeyId: string;
  /** ARN of the role that the estate's plan gives this caller, or `undefined` for the operator of this machine. */
  readonly roleArn: string | undefined;
  /** Short name for logs: the function's logical name in the plan, or `operator`. */
  readonly name: string;
  /** Session under which the role was assumed: for a function, its name on AWS. */
  readonly sessionName?: string;
  /** It reads queues and streams all day, whether or not there is something in them. */
  readonly isPoller?: true;
}

/** One AWS API call as it reached the door, its action already read from the protocol. */
export interface AwsCall {
  /** Signing name of the service in the SigV4 scope: `dynamodb`, `states`, `kms`, `lambda`, … */
  readonly service: string;
  /** API action: `TransactWriteItems`, `StartSyncExecution`, … */
  readonly action: string;
  readonly caller: Caller;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Parts of a batch that the caller may not do, by their names, with what AWS says to each. */
  readonly deniedParts?: ReadonlyMap<string, string>;
  /** Aborted when the caller's socket closes before the answer. */
  readonly signal: AbortSignal;
}

export interface AwsAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
  /** What the body is instead, where it may be larger than memory. */
  readonly file?: FilePart;
}

/** Bytes of a file that is there until it is open, whatever becomes of its name then. */
export interface FilePart {
  readonly path: string;
  /** Bytes before it. */
  readonly start: number;
  readonly bytes: number;
}

export const bytesOfAnswer = ({ body, file }: AwsAnswer): number => file?.bytes ?? Buffer.byteLength(body);

/** An AWS service behind the door. Errors that AWS defines are answers, never throws. */
export interface Engine {
  readonly service: string;
  /** It minds `deniedParts`. What another engine gets is denied as a whole for a part that is. */
  readonly answersByPart?: true;
  handle(call: AwsCall): Promise<AwsAnswer>;
}
