/** A request may be this long, in bytes; so may any of its parts. Real caches take 512 MB, and nobody should send it. */
const requestBytesMax = 16 * 1024 * 1024;
const partsMax = 10_000;
const lineEnd = "\r\n";

/** The peer does not speak the protocol: its connection ends. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** What a command answers. `null` is nothing; an array holds answers; `simple` is a word of the protocol's own. */
export type Reply =
  | null
  | number
  | string
  | Buffer
  | { readonly simple: string }
  | { readonly error: string }
  | readonly Reply[];

/** Cuts what arrives on a connection into requests (RESP2): arrays of bulk strings, or a line of words. */
export class RequestReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The requests that are whole now. @throws ProtocolError for what can never become one. */
  *push(chunk: Buffer): Generator<readonly Buffer[]> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const request = readRequest(this.#rest, at);
      if (request === undefined) break;
      at = request.end;
      if (request.parts.length > 0) yield request.parts;
    }
    this.#rest = this.#rest.subarray(at);
    if (this.#rest.length > requestBytesMax) throw new ProtocolError("too big request");
  }
}

interface Parsed {
  readonly parts: readonly Buffer[];
  readonly end: number;
}

function readRequest(buffer: Buffer, start: number): Parsed | undefined {
  const line = readLine(buffer, start);
  if (line === undefined) return undefined;
  if (!line.text.startsWith("*")) {
    const words = line.text.split(" ").filter((word) => word !== "");
    return { parts: words.map((word) => Buffer.from(word, "latin1")), end: line.end };
  }
  const count = lengthIn(line.text, partsMax, "invalid multibulk length");
  const parts: Buffer[] = [];
  let at = line.end;
  while (parts.length < count) {
    const header = readLine(buffer, at);
    if (header === undefined) return undefined;
    if (!header.text.startsWith("$")) throw new ProtocolError(`expected '$', got '${header.text.charAt(0)}'`);
    const length = lengthIn(header.text, requestBytesMax, "invalid bulk length");
    const end = header.end + length;
    if (buffer.length < end + lineEnd.length) return undefined;
    parts.push(buffer.subarray(header.end, end));
    at = end + lineEnd.length;
  }
  return { parts, end: at };
}

function readLine(
  buffer: Buffer,
  start: number,
): { readonly text: string; readonly end: number } | undefined {
  const end = buffer.indexOf(lineEnd, start);
  return end === -1 ? undefined : { text: buffer.toString("latin1", start, end), end: end + lineEnd.length };
}

function lengthIn(header: string, max: number, otherwise: string): number {
  const length = /^\d{1,9}$/.test(header.slice(1)) ? Number(header.slice(1)) : -1;
  if (length < 0 || length > max) throw new ProtocolError(otherwise);
  return length;
}

/** A reply as RESP2 writes it. */
export function encode(reply: Reply): Buffer {
  if (reply === null) return Buffer.from("$-1\r\n");
  if (typeof reply === "number") return Buffer.from(`:${reply}\r\n`);
  if (typeof reply === "string" || Buffer.isBuffer(reply)) {
    const bytes = Buffer.from(reply as string);
    return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from(lineEnd)]);
  }
  if ("simple" in reply) return Buffer.from(`+${reply.simple}\r\n`);
  if ("error" in reply) return Buffer.from(`-${reply.error}\r\n`);
  return Buffer.concat([Buffer.from(`*${reply.length}\r\n`), ...reply.map(encode)]);
}
