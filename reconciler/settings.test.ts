import { expect, test } from "vitest";
import { readSettings } from "./settings.ts";

const told = {
  AWS_REGION: "eu-west-1",
  JOURNAL_FILES_QUEUE_URL: "https://sqs.eu-west-1.amazonaws.com/123456789012/journal-files",
  INBOUND_FILES_QUEUE_URL: "https://sqs.eu-west-1.amazonaws.com/123456789012/inbound-files",
  PROOFS_BUCKET: "landing",
  PROOFS_KEY: "arn:aws:kms:eu-west-1:123456789012:key/proofs",
  BOOKS_HOST: "proxy.example",
  BOOKS_DATABASE: "books",
  BOOKS_USER: "reconciler",
  ...{ PAYMENTS_TABLE: "payments", LEDGER_TABLE: "ledger", MERCHANTS_TABLE: "merchants" },
  ...{ EPOCH: "2", LEASE_SECONDS: "300" },
};

test("on AWS there is no password, and the usual ports", () => {
  expect(readSettings(told)).toEqual({
    region: "eu-west-1",
    journalFilesQueueUrl: told.JOURNAL_FILES_QUEUE_URL,
    inboundFilesQueueUrl: told.INBOUND_FILES_QUEUE_URL,
    proofsBucket: told.PROOFS_BUCKET,
    proofsKey: told.PROOFS_KEY,
    books: {
      ...{ host: "proxy.example", port: 5_432, database: "books" },
      ...{ user: "reconciler", password: undefined },
    },
    tables: { payments: "payments", ledger: "ledger", merchants: "merchants" },
    ...{ warehouse: undefined, epoch: 2, leaseSeconds: 300 },
    healthPort: 8_080,
  });
});

test("there is a warehouse where one is named", () => {
  const named = { ...told, WAREHOUSE_WORKGROUP: "tallystick-warehouse", WAREHOUSE_DATABASE: "numbers" };
  expect(readSettings(named).warehouse).toEqual({ workgroup: "tallystick-warehouse", database: "numbers" });
});

test("what is missing or wrong is named, all of it", () => {
  const { BOOKS_HOST: _, ...rest } = told;
  expect(() => readSettings({ ...rest, BOOKS_PORT: "x", HEALTH_PORT: "99999" })).toThrow(
    /BOOKS_HOST.*BOOKS_PORT.*HEALTH_PORT/,
  );
});
