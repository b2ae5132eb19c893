import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { Plan } from "../plan/plan.ts";

const answerMsMax = 10_000;
/** An emulator that has just started may need a second try. */
const attemptsMax = 2;

/** Whoever asks, and where. */
export interface Access {
  readonly endpoint: string;
  readonly region: string;
  /**
   * The plan's account, because some emulators take a key of twelve digits for the account that asks. Never the keys
   * of this machine's user: what listens there is not AWS.
   */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export const accessTo = (
  endpoint: string,
  { region, account }: Pick<Plan, "region" | "account">,
): Access => ({
  endpoint,
  region,
  credentials: { accessKeyId: account, secretAccessKey: "test" },
});

/** For SDK clients that make the plan's resources there. */
export const clientOptions = (access: Access) => ({
  ...access,
  maxAttempts: attemptsMax,
  // HTTP/1.1 for all: the Kinesis client would speak HTTP/2, which emulators do not.
  requestHandler: new NodeHttpHandler({ requestTimeout: answerMsMax, throwOnRequestTimeout: true }),
});

/** Ends a client when its work is done. */
export async function using<Client extends { destroy(): void }, T>(
  client: Client,
  act: (client: Client) => Promise<T>,
): Promise<T> {
  try {
    return await act(client);
  } finally {
    client.destroy();
  }
}
