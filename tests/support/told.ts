import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { type JournalItem, journalRecord } from "#adapters/dynamodb/journal-codec.ts";
import { paymentOf } from "#adapters/dynamodb/payment-codec.ts";
import type { LedgerEvent } from "#core/events/ledger-event.ts";
import { type PublishedEvent, publishedEvent } from "#core/events/payment-event.ts";
import { isOfDispute, isOfLedger, parseStreamed, type StreamedEvent } from "#core/events/streamed.ts";
import type { JournalRecord } from "#core/ledger/journal.ts";
import type { Payment } from "#core/payments/payment.ts";
import { checkJournalTold, checkOutbox, checkSink } from "#core/proof/events.ts";
import type { Finding } from "#core/proof/finding.ts";
import type { Endpoints } from "#local/endpoints.ts";
import { eventually } from "./eventually.ts";

/** As often as a shard may be read in a second, and somebody else reads it too: the SDK waits and asks again. */
const readAttemptsMax = 10;
const pagesMax = 1_000;
const StreamName = "tallystick-local-payment-events";

/** What a running system told of its payments, read as an operator of the machine. */
export class Told {
  readonly kinesis: KinesisClient;
  readonly #dynamoDb: DynamoDBClient;

  constructor({ aws }: Endpoints) {
    const options = {
      endpoint: aws.endpoint,
      region: aws.region,
      credentials: { accessKeyId: aws.access_key_id, secretAccessKey: aws.secret_access_key },
    };
    this.#dynamoDb = new DynamoDBClient(options);
    this.kinesis = new KinesisClient({
      ...options,
      maxAttempts: readAttemptsMax,
      requestHandler: new NodeHttpHandler(),
    });
  }

  stop(): void {
    this.kinesis.destroy();
    this.#dynamoDb.destroy();
  }

  /** All of a table, as it is stored. */
  items = (table: string): Promise<Record<string, AttributeValue>[]> => this.#scan(table);

  /** Takes away what remembers the answers of requests, as time does. */
  async forgetAnswers(): Promise<void> {
    const TableName = "tallystick-local-idempotency";
    for (const { pk, sk } of await this.#scan("idempotency"))
      if (pk !== undefined && sk !== undefined)
        await this.#dynamoDb.send(new DeleteItemCommand({ TableName, Key: { pk, sk } }));
  }

  async payments(): Promise<Payment[]> {
    const items = await this.#scan("payments");
    return items.filter((item) => item["sk"]?.S === "payment").map(paymentOf);
  }

  /** Everything on the stream that is an event of a payment, repetitions included. */
  async published(): Promise<PublishedEvent[]> {
    return (await this.#events()).filter(
      (event): event is PublishedEvent => !isOfLedger(event) && !isOfDispute(event),
    );
  }

  async records(): Promise<JournalRecord[]> {
    const items = (await this.#scan("ledger")).map((item) => unmarshall(item));
    return items
      .filter(({ record }) => record !== undefined)
      .map((item) => journalRecord(item as JournalItem));
  }

  /** Everything on the stream that is a record of the journal, repetitions included. */
  async recorded(): Promise<LedgerEvent[]> {
    return (await this.#events()).filter(isOfLedger);
  }

  /** What the table of events holds. */
  async applied(): Promise<PublishedEvent[]> {
    const items = await this.#scan("events");
    return items.map((item) => publishedEvent.parse(unmarshall(item)["event"]));
  }

  /** What is wrong with what was told, once everything was. The last findings, when something stays wrong. */
  async findings(): Promise<readonly Finding[]> {
    let findings: readonly Finding[] = [];
    await eventually(async () => {
      findings = await this.#findingsNow();
      return findings.length === 0 ? true : undefined;
    }).catch(() => undefined);
    return findings;
  }

  async #findingsNow(): Promise<readonly Finding[]> {
    const payments = await this.payments();
    const applied = await this.applied();
    return [
      ...checkOutbox(payments, await this.published()),
      ...checkSink(applied),
      // A sink that holds less than was told has lost something; its items are the events as they were applied.
      ...checkOutbox(payments, applied),
      ...checkJournalTold(await this.records(), await this.recorded()),
    ];
  }

  async #events(): Promise<StreamedEvent[]> {
    return (await this.texts()).flatMap((text) => {
      const read = parseStreamed(text);
      return read.ok ? [read.event] : [];
    });
  }

  /** Puts records on the stream beside the system's own, in this order: 500 at most. */
  async send(texts: readonly string[]): Promise<void> {
    const { FailedRecordCount } = await this.kinesis.send(
      new PutRecordsCommand({
        StreamName,
        Records: texts.map((text) => ({ PartitionKey: "beside", Data: Buffer.from(text) })),
      }),
    );
    if (FailedRecordCount !== 0) throw new Error(`${FailedRecordCount} records were not put`);
  }

  /** Every record of the stream, as it was sent. */
  async texts(): Promise<string[]> {
    const { Shards = [] } = await this.kinesis.send(new ListShardsCommand({ StreamName }));
    const texts: string[] = [];
    for (const { ShardId } of Shards) {
      let { ShardIterator } = await this.kinesis.send(
        new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" }),
      );
      for (let page = 0; page < pagesMax; page += 1) {
        const { Records = [], NextShardIterator } = await this.kinesis.send(
          new GetRecordsCommand({ ShardIterator }),
        );
        texts.push(...Records.map(({ Data }) => Buffer.from(Data ?? []).toString()));
        if (Records.length === 0) break;
        ShardIterator = NextShardIterator;
      }
    }
    return texts;
  }

  async #scan(table: string): Promise<Record<string, AttributeValue>[]> {
    const items: Record<string, AttributeValue>[] = [];
    let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
    for (let page = 0; page < pagesMax; page += 1) {
      const found = await this.#dynamoDb.send(
        new ScanCommand({
          TableName: `tallystick-local-${table}`,
          ConsistentRead: true,
          ...(ExclusiveStartKey && { ExclusiveStartKey }),
        }),
      );
      items.push(...(found.Items ?? []));
      ExclusiveStartKey = found.LastEvaluatedKey;
      if (ExclusiveStartKey === undefined) break;
    }
    return items;
  }
}
