import { randomBytes } from "node:crypto";
import type { Caller } from "./engine.ts";

/** Access keys made on this machine begin so, and never with AWS's `AKIA` or `ASIA`: nobody mistakes one for a real key. */
const accessKeyPrefix = "LKIA";

/** What a caller signs its calls with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Key and caller of one access key, as the door looks them up. */
export interface KnownCaller {
  readonly caller: Caller;
  readonly secretAccessKey: string;
}

/** The access keys of this run. They live in memory only: each start makes new ones, and old ones are worth nothing. */
export class CredentialRegistry {
  readonly #callers = new Map<string, KnownCaller>();

  /** Makes an access key for a caller. `roleArn` is undefined for the operator of this machine. */
  issue(
    name: string,
    roleArn: string | undefined,
    more: Pick<Caller, "sessionName" | "isPoller"> = {},
  ): Credentials {
    const accessKeyId = accessKeyPrefix + randomBytes(8).toString("hex").toUpperCase();
    const secretAccessKey = randomBytes(30).toString("base64url");
    this.#callers.set(accessKeyId, { caller: { ...more, accessKeyId, roleArn, name }, secretAccessKey });
    return { accessKeyId, secretAccessKey };
  }

  /** Makes an access key for a role, under the role's name; for the operator of this machine when there is none. */
  issueTo(roleArn: string | undefined, more: Pick<Caller, "isPoller"> = {}): Credentials {
    return this.issue(roleArn?.slice(roleArn.lastIndexOf("/") + 1) ?? "operator", roleArn, more);
  }

  find(accessKeyId: string): KnownCaller | undefined {
    return this.#callers.get(accessKeyId);
  }
}
