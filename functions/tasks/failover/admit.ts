import { Logger } from "@aws-lambda-powertools/logger";
import middy from "@middy/core";
import { z } from "zod";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { FailoverRegister } from "#adapters/dynamodb/failover-register.ts";
import { type AdmitRefusal, admit } from "#core/failover/admit.ts";
import { absurd } from "#core/kernel/invariant.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { type Admitted, admitInput } from "#workflows/failover/contract.ts";

const register = new FailoverRegister(createDynamoDb(), requiredVariable("DEAD_LETTERS_TABLE"));
const logger = new Logger({ serviceName: "failover" });

/** The region may not take over: nothing was done, and trying again changes nothing. The state machine does not retry it. */
export class FailoverRefused extends Error {
  override readonly name = "FailoverRefused";
}

/** Writes down who decided that the other region is lost, before anything else is done; or says why it may not be. */
export const handler = middy<unknown, Admitted>({ timeoutEarlyInMillis: 0 }).handler(
  async (event: unknown): Promise<Admitted> => {
    const read = admitInput.safeParse(event);
    if (!read.success) throw new FailoverRefused(z.prettifyError(read.error));
    const { word, began, execution } = read.data;
    const epoch = writerEpoch();
    const admitted = admit(epoch, await register.latest());
    if (!admitted.ok) throw new FailoverRefused(sentenceOf(admitted.error));
    const stands = await register.begin(epoch, word, { execution, at: began });
    logger.warn("a region takes over", { epoch, execution, ...word, looks_back_to: stands.since });
    return { epoch, ...stands };
  },
);

function sentenceOf(refusal: AdmitRefusal): string {
  switch (refusal.code) {
    case "region_is_open":
      return `this region is open, in epoch ${refusal.epoch}: there is nothing to take over`;
    case "epoch_is_not_later":
      return `this region writes in epoch ${refusal.epoch}, and the books are in epoch ${refusal.books}: deploy it with a later one first`;
    default:
      return absurd(refusal);
  }
}
