import { gzipSync } from "node:zlib";
import { KMSClient } from "@aws-sdk/client-kms";
import { DeleteObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ArchiveReader } from "#adapters/archive/archive-reader.ts";
import { proofFileOf } from "#adapters/archive/proof-file.ts";
import { proofKeyOf } from "#adapters/archive/proof-store.ts";
import { verifyArchive } from "#adapters/archive/verify.ts";
import { Signer, signingAlgorithm } from "#adapters/kms/signer.ts";
import { createS3, unchecked } from "#adapters/s3/client.ts";
import { digestOf, signedMessage, stateProof } from "#core/proof/archive-proof.ts";
import { MerkleTree } from "#core/proof/merkle.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { type GuardedCloud, openGuardedCloud } from "#tests/support/guarded-cloud.ts";

/** The role of the estate's plan for those who check the archive, with what it is allowed and no more. */

const auditors = "tallystick-local-auditors";
const bucket = "tallystick-local-archive-123456789012";
const alias = "alias/tallystick-local-proofs";
const now = Date.now();
const day = new Date(now).toISOString().slice(0, 10);
const key = `events/day=${day}/a.json.gz`;
const lines = ["one\n", "two\n"];

let cloud: GuardedCloud;
let asAuditor: { readonly s3: S3Client; readonly kms: KMSClient };

beforeAll(async () => {
  const needed = /^aws:(kms\/|s3\/bucket)/;
  const isOf = ({ type, name }: { readonly type: string; readonly name: string }): boolean =>
    name === "Auditors" ||
    (needed.test(type) && /^(Archive(Key|Bucket)|Proofs)/.test(name) && !name.includes("Landing"));
  cloud = await openGuardedCloud(...committedPlan().resources.filter(isOf));
  const [s3, kms] = [new S3Client(cloud.as()), new KMSClient(cloud.as())];
  const put = (Key: string, Body: string | Uint8Array) =>
    s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
  const { VersionId: version = "" } = await put(key, gzipSync(lines.join("")));
  const tree = new MerkleTree();
  for (const line of lines) tree.add(Buffer.from(line));
  const received_at = new Date(now).toISOString();
  const file = { key, version, lines: tree.leaves, root: tree.root().toString("hex"), received_at };
  const statement = stateProof(undefined, { provenAt: now, files: [file], books: [], findings: [] });
  const text = JSON.stringify(statement);
  const signature = await new Signer(kms, alias).sign(signedMessage({ number: 1, digest: digestOf(text) }));
  const seal = {
    key: alias,
    algorithm: signingAlgorithm,
    signature: Buffer.from(signature).toString("base64"),
  } as const;
  await put(proofKeyOf(statement), proofFileOf(text, seal));
  s3.destroy();
  kms.destroy();
  asAuditor = {
    s3: createS3({ ...cloud.as(auditors), ...unchecked }),
    kms: new KMSClient(cloud.as(auditors)),
  };
});
afterAll(async () => {
  asAuditor?.s3.destroy();
  asAuditor?.kms.destroy();
  await cloud?.stop();
});

test("auditors verify the archive with the rights of their role", async () => {
  const publicKey = await new Signer(asAuditor.kms, alias).publicKey();
  const range = { since: day, until: day, publicKey, now };
  expect(await verifyArchive(new ArchiveReader(asAuditor.s3, bucket), range)).toMatchObject({
    ...{ proofs: 1, files: 1, lines: 2, findings: [] },
  });
});

test.each<[string, () => Promise<unknown>]>([
  ["put", () => asAuditor.s3.send(new PutObjectCommand({ Bucket: bucket, Key: "events/x", Body: "x" }))],
  ["delete", () => asAuditor.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }))],
  ["sign", () => new Signer(asAuditor.kms, alias).sign(Buffer.from("x"))],
])("and may %s nothing", async (_, act) => {
  await expect(act()).rejects.toThrow(/not authorized|AccessDenied|Access Denied/);
});
