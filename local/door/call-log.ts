/** One AWS call that went through the door. Names and sizes only: no body, so nothing here can hold card data. */
export interface CallRecord {
  /** When the call had arrived whole, epoch milliseconds. */
  readonly at: number;
  /** Which of all calls it was, by arrival: two calls can share a millisecond. */
  readonly sequence: number;
  readonly service: string;
  readonly action: string;
  /** Short name of who signed it: a function's logical name, or `operator`. */
  readonly caller: string;
  /** Milliseconds between the whole request and the whole answer. */
  readonly durationMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** 0 when the socket was closed without an answer. */
  readonly statusCode: number;
  /** Name of AWS's exception, when the call was refused. */
  readonly error: string | undefined;
  /** What the caller's role was not granted, when that is why: `dynamodb:PutItem on arn:aws:…`. */
  readonly denied?: string;
  /** Kind of the fault that a test injected into it. */
  readonly fault?: string;
  /** Root of the X-Ray trace header: the same for every call that one API request caused. */
  readonly trace: string | undefined;
  /** Tables, keys and state machines that the request names, each once, by their names for people. */
  readonly resources: readonly string[];
  /** Payments that the request names. */
  readonly payments: readonly string[];
}

type CallListener = (record: CallRecord) => void;

/**
 * The latest calls, oldest dropped first. Looks of pollers that brought nothing are only counted: there are some every
 * second, and a day of them would push everything else out.
 */
export class CallLog {
  readonly #capacity: number;
  readonly #listeners = new Set<CallListener>();
  #records: CallRecord[] = [];
  #looks = 0;

  /** `capacity`: how many calls are remembered; about 0.5 KB each. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(record: CallRecord): void {
    this.#records.push(record);
    // Cut in halves, so that one call in `capacity` pays for the move instead of each.
    if (this.#records.length >= 2 * this.#capacity) this.#records = this.#records.slice(-this.#capacity);
    for (const listener of this.#listeners) listener(record);
  }

  /** Counts a look that brought nothing. */
  addLook(): void {
    this.#looks += 1;
  }

  /** Looks that brought nothing, since the start. */
  get looks(): number {
    return this.#looks;
  }

  /** @returns a function that ends the subscription. */
  onCall(listener: CallListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The remembered calls, oldest first. */
  recent(): readonly CallRecord[] {
    return this.#records.slice(-this.#capacity);
  }

  ofTrace(trace: string): readonly CallRecord[] {
    return this.recent().filter((record) => record.trace === trace);
  }

  /**
   * Every call of every request that touched a payment, oldest first. Calls that do not name the payment themselves
   * (a KMS Decrypt, an idempotency record) belong to it by their trace.
   */
  ofPayment(payment: string): readonly CallRecord[] {
    const records = this.recent();
    const traces = new Set<string | undefined>();
    for (const { payments, trace } of records) if (payments.includes(payment)) traces.add(trace);
    traces.delete(undefined);
    return records.filter(({ payments, trace }) => traces.has(trace) || payments.includes(payment));
  }
}

/** A request body is searched for names up to here; DynamoDB's and Step Functions' names stand well before. */
const scannedBytesMax = 64 * 1024;
const resourcePattern =
  /"(?:TableName|KeyId|stateMachineArn|executionArn)":\s*"(?:[^"]{0,512}[/:])?([^"/:]{1,256})"/g;
const paymentPattern = /\bpay_[0-9a-hjkmnp-tv-z]{26}(?![0-9a-z])/g;

/** What a request body names: tables, keys and state machines without their ARN prefixes, and payments. */
export function namesIn(body: Buffer): Pick<CallRecord, "resources" | "payments"> {
  const text = body.toString("latin1", 0, scannedBytesMax);
  const resources = new Set<string>();
  for (const [, name] of text.matchAll(resourcePattern)) if (name !== undefined) resources.add(name);
  return { resources: [...resources], payments: [...new Set<string>(text.match(paymentPattern))] };
}

/** `Root` of an `X-Amzn-Trace-Id` header. */
export function traceRootOf(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /(?:^|;)\s*Root=([^;\s]{1,128})/.exec(header)?.[1];
}
