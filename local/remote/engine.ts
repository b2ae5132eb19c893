import { jsonAnswer } from "../door/answers.ts";
import { objectOf } from "../door/call-input.ts";
import type { Credentials } from "../door/credentials.ts";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import { authorizationOf, parseAuthorization } from "../door/sigv4.ts";
import { type Hop, type HopCall, hopTo } from "./hop.ts";
import { type Names, renamed, toPlan, toRemote } from "./names.ts";

/** A checksum of what it was before names were changed in it. */
const ofTheBody = new Set(["x-amz-crc32", "content-length"]);

export interface RemoteEngineOptions {
  readonly service: string;
  readonly endpoint: string;
  readonly names: Names;
  readonly credentials: Credentials;
}

/**
 * A service of another emulator, under the plan's names and signed with one key: who calls, and whether he may, is
 * the door's affair.
 */
export class RemoteEngine implements Engine {
  readonly service: string;
  readonly #names: Names;
  readonly #credentials: Credentials;
  readonly #hop: Hop;

  constructor({ service, endpoint, names, credentials }: RemoteEngineOptions) {
    this.service = service;
    // A name that is the same there needs no change, and bodies are then not looked into.
    this.#names = names.filter(([plan, remote]) => plan !== remote);
    this.#credentials = credentials;
    this.#hop = hopTo(endpoint);
  }

  async handle(call: AwsCall): Promise<AwsAnswer> {
    const sent = this.#renamedCall(call);
    const answer = await this.#hop.send({ ...this.#signed(sent, call), signal: call.signal });
    return this.#renamedAnswer(answer);
  }

  stop(): void {
    this.#hop.stop();
  }

  #renamedCall({ method, path, headers, body }: AwsCall): HopCall {
    const call = { method, path, headers, body };
    if (this.#names.length === 0) return call;
    const input = headers["x-amz-target"] === undefined ? undefined : objectOf(body);
    if (input !== undefined) {
      const named = renamed(input, (text) => toRemote(text, this.#names));
      return { ...call, body: Buffer.from(JSON.stringify(named)) };
    }
    if (this.service !== "sns") return call;
    const parameters = new URLSearchParams(body.toString());
    for (const [name, text] of parameters)
      if (/(^|\.)\w+Arn$/.test(name)) parameters.set(name, toRemote(text, this.#names));
    return { ...call, body: Buffer.from(parameters.toString()) };
  }

  /** Over the headers that the caller signed, as they are for this hop. */
  #signed(sent: HopCall, call: AwsCall): HopCall {
    const scope = parseAuthorization(call.headers["authorization"] ?? "");
    if (scope === undefined) return sent;
    const headers: Record<string, string> = {
      ...sent.headers,
      host: this.#hop.host,
      "content-length": `${sent.body.length}`,
    };
    const signedHeaders = scope.signedHeaders.filter((name) => name in headers && name !== "expect");
    const authorization = authorizationOf(
      this.#credentials,
      { ...scope, signedHeaders },
      { ...sent, headers },
    );
    return { ...sent, headers: { ...headers, authorization } };
  }

  #renamedAnswer(answer: AwsAnswer): AwsAnswer {
    if (this.#names.length === 0 || answer.body.length === 0) return answer;
    const headers = Object.fromEntries(
      Object.entries(answer.headers).filter(([name]) => !ofTheBody.has(name)),
    );
    const output = objectOf(answer.body);
    const rename = (text: string): string => toPlan(text, this.#names);
    if (output === undefined) {
      // S3's answers are what callers stored; its names have no account in them.
      return this.service === "s3" ? answer : { ...answer, headers, body: rename(answer.body.toString()) };
    }
    return { ...answer, headers, body: jsonAnswer(renamed(output, rename)).body };
  }
}
