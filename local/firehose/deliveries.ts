import { join } from "node:path";
import { KinesisClient } from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { Credentials } from "../door/credentials.ts";
import type { Plan } from "../plan/plan.ts";
import { type Clock, systemClock } from "../stepfunctions/clock.ts";
import { type Delivered, Delivery } from "./delivery.ts";
import { deliveryPlansOf } from "./delivery-plan.ts";
import { Uploader } from "./uploader.ts";

const attemptsMax = 3;
/** A stream that is written to around the door is looked at this often. */
const idleMsMax = 10_000;
/**
 * Who sits before this machine waits for a fifth of what the plan says: a minute where AWS takes five. Sizes are the
 * plan's.
 */
const haste = 5;

export interface DeliveriesOptions {
  readonly plan: Plan;
  /** Where they keep their places. */
  readonly directory: string;
  /** Of the door. */
  readonly endpoint: string;
  readonly credentialsOf: (roleArn: string) => Credentials;
  readonly clock?: Clock;
  readonly warn: (line: string) => void;
}

/** The plan's delivery streams of Firehose. */
export class Deliveries {
  readonly #deliveries: readonly Delivery[];
  readonly #clients: (() => void)[] = [];

  /** @throws Refusal for one that is not carried out here as AWS would. */
  constructor({ plan, directory, endpoint, credentialsOf, clock = systemClock, warn }: DeliveriesOptions) {
    this.#deliveries = deliveryPlansOf(plan).map((each) => {
      const access = { endpoint, region: plan.region };
      const kinesis = new KinesisClient({
        ...{ ...access, credentials: credentialsOf(each.readerRoleArn), maxAttempts: attemptsMax },
        // HTTP/1.1: the client would speak HTTP/2, which the door does not.
        requestHandler: new NodeHttpHandler(),
      });
      const uploader = new Uploader({ ...access, credentials: credentialsOf(each.writerRoleArn) });
      this.#clients.push(
        () => kinesis.destroy(),
        () => uploader.stop(),
      );
      const positionsPath = join(directory, `${each.name}.json`);
      const hasty = { ...each, bufferMsMax: each.bufferMsMax / haste };
      return new Delivery(hasty, { clock, kinesis, uploader, positionsPath, idleMsMax, warn });
    });
  }

  start(): void {
    for (const delivery of this.#deliveries) delivery.start();
  }

  /** Something was written to a stream. */
  wake(): void {
    for (const delivery of this.#deliveries) delivery.wake();
  }

  /** Delivers all that the streams have by now. @throws Error when one of them cannot. */
  flush(): Promise<readonly Delivered[]> {
    return Promise.all(this.#deliveries.map((delivery) => delivery.flush()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#deliveries.map((delivery) => delivery.stop()));
    for (const end of this.#clients) end();
  }
}
