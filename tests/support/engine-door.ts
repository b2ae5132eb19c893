import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry, type Credentials } from "#local/door/credentials.ts";
import { type Door, openDoor } from "#local/door/door.ts";
import type { Engine } from "#local/door/engine.ts";

/** What a client needs to call an engine as functions do: signed, through the door. */
export interface EngineDoor {
  readonly client: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
    readonly maxAttempts: number;
  };
  readonly door: Door;
  /** An access key of a role. */
  readonly credentialsOf: (roleArn: string | undefined) => Credentials;
  readonly log: CallLog;
  /** What went wrong behind the door, one line each. */
  readonly warnings: string[];
  stop(): Promise<void>;
}

/** A door with these engines behind it and nothing else. Each call of its clients is sent once. */
export async function openEngineDoor(...engines: readonly Engine[]): Promise<EngineDoor> {
  const credentials = new CredentialRegistry();
  const log = new CallLog(1_000);
  const warnings: string[] = [];
  const door = await openDoor({ credentials, log, warn: (line) => warnings.push(line), port: 0 });
  for (const engine of engines) door.serve(engine);
  const key = credentials.issue("tester", undefined);
  return {
    client: { endpoint: door.url, region: "eu-west-1", credentials: key, maxAttempts: 1 },
    door,
    credentialsOf: (roleArn) => credentials.issueTo(roleArn),
    log,
    warnings,
    stop: () => door.stop(),
  };
}
