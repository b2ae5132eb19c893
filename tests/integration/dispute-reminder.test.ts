import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { CheckQueue } from "#adapters/sqs/check-queue.ts";
import { disputeIdOf } from "#core/disputes/ids.ts";
import { open } from "#core/disputes/steps/open.ts";
import { parseMerchantId } from "#core/merchants/merchant.ts";
import { disputeCheckOf } from "#core/payments/check.ts";
import { parsePaymentId } from "#core/payments/ids.ts";
import { ApiClient } from "#tests/support/api-client.ts";
import { eventually } from "#tests/support/eventually.ts";
import { awsClient, startTestSystem, storeOf } from "#tests/support/local-system.ts";

const longMs = 60_000;
const checks = "https://sqs.eu-west-1.amazonaws.com/123456789012/tallystick-local-checks";

test(
  "a dispute that nobody looks after, as behind a failover, is gone with to its end once its reminder comes",
  async () => {
    const system = await startTestSystem();
    const { endpoints } = system;
    const { client, tablePrefix } = storeOf(endpoints);
    const dynamoDb = new DynamoDBClient(client);
    const sqs = new SQSClient({ ...awsClient(endpoints), useQueueUrlAsEndpoint: false });
    try {
      const demo = await ApiClient.signIn(endpoints, endpoints.merchants.demo);
      const { body: paid } = await demo.payWithCard({ number: "4242424242424242" });
      const payment = parsePaymentId(paid.id);
      const book = parseMerchantId("mer_demo");
      if (payment === undefined || book === undefined)
        throw new Error(`${paid.id} is a payment of the demo's`);
      const desk = async (path: string, method: string, body: object) => {
        const url = `${endpoints.acquirers[0]}/sandbox/${path}`;
        return (await fetch(url, { method, body: JSON.stringify(body) })).json() as Promise<{ id: string }>;
      };
      // The acquirer tells nobody, and the dispute is in the books all the same: no saga was started for it.
      await desk("notify-url", "PUT", { url: null });
      const { id: reference } = await desk("disputes", "POST", {
        ...{ operation_key: `${payment}:capture:1`, reason: "fraudulent", due_in_seconds: 0 },
      });
      const tables = { payments: `${tablePrefix}payments`, ledger: `${tablePrefix}ledger` };
      const disputes = new DisputeStore(dynamoDb, tables, firstEpoch);
      const payments = new PaymentStore(dynamoDb, tables, firstEpoch);
      const told = { book, payment, acquirer: "alpha", reference, amount: 12_34n, currency: "USD" };
      const now = Date.now();
      const said = { ...told, reason: "fraudulent", evidenceDueAt: now, at: now };
      await open({ disputes, payments, now: Date.now }, said, { execution: "of a region that is lost" });

      const id = disputeIdOf("alpha", reference);
      await new CheckQueue(sqs, checks).send([{ check: disputeCheckOf({ book, id }), seconds: 0 }]);
      const ended = await eventually(async () => {
        const { body } = await demo.get(`/v1/disputes/${id}`);
        return body.state === "lost" ? body : undefined;
      }, longMs);
      expect(ended).toMatchObject({ loss: { code: "no_evidence" } });
    } finally {
      sqs.destroy();
      dynamoDb.destroy();
      await system.stop();
    }
  },
  longMs,
);
