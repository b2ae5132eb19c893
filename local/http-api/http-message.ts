/** A header as it stood on the wire: names keep their case, and duplicates stay apart. */
export type Header = readonly [name: string, value: string];

export interface RequestHead {
  readonly method: string;
  /** Path and query as the client wrote them. */
  readonly target: string;
  /** `1.1`. */
  readonly httpVersion: string;
  readonly headers: readonly Header[];
  readonly sourceIp: string;
}

export interface HttpRequest extends RequestHead {
  readonly body: Buffer;
}

export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: readonly Header[];
  readonly body: Buffer | string;
}

/**
 * What stands between a client and the functions: the gateway, or the edge before it. The server asks it about a
 * request's head before it reads the body, so that no refused body is ever held.
 */
export interface HttpLayer {
  readonly bodyBytesMax: number;
  /** @returns the refusal of a request whose head alone is refused, else undefined. */
  refuseHead(head: RequestHead): HttpAnswer | undefined;
  /** For heads so large that the server itself refused to read them. */
  headersTooLarge(): HttpAnswer;
  bodyTooLarge(): HttpAnswer;
  /** Never rejects: what fails inside is an answer. */
  answer(request: HttpRequest): Promise<HttpAnswer>;
}

/** Bytes of the request line and of all header fields. */
export function headBytes(head: RequestHead): {
  readonly line: number;
  readonly names: number;
  readonly values: number;
} {
  const line = `${head.method} ${head.target} HTTP/${head.httpVersion}`.length;
  let names = 0;
  let values = 0;
  // Node gives header bytes as latin1 text: one character each.
  for (const [name, value] of head.headers) {
    names += name.length;
    values += value.length;
  }
  return { line, names, values };
}

/** The first value of a header, by its lower-case name. */
export function headerOf(head: RequestHead, name: string): string | undefined {
  return head.headers.find(([candidate]) => candidate.toLowerCase() === name)?.[1];
}
