import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { ArchiveReader } from "#adapters/archive/archive-reader.ts";
import { type Verification, verifyArchive } from "#adapters/archive/verify.ts";
import { createKms } from "#adapters/kms/client.ts";
import { KeysUnavailable } from "#adapters/kms/errors.ts";
import { Signer } from "#adapters/kms/signer.ts";
import { wordsOfCompared } from "#core/proof/archive-proof.ts";
import { type ArchiveRange, archiveBucketOf, inArchive } from "./archive.ts";
import type { StoreConnection } from "./connection.ts";
import { daysBetween } from "./days.ts";
import { Progress } from "./progress.ts";
import { Refusal } from "./refusal.ts";
import { clientOf } from "./stage-client.ts";

export interface VerifyOptions extends ArchiveRange {
  /** A file with the key, in PEM; or the SHA-256 of what KMS is to answer. */
  readonly publicKey?: string | undefined;
}

/**
 * Checks days of the archive against their proofs, from what is in the archive alone.
 * @returns what was found, and whether nothing was tampered with
 * @throws Refusal for days, a bucket or a key that are none
 */
export async function verify(
  connection: StoreConnection,
  options: VerifyOptions,
  now = Date.now(),
): Promise<{ readonly text: string; readonly isRight: boolean }> {
  const days = daysBetween(options.since, options.until, now);
  const [since, until] = [days[0] ?? "", days.at(-1) ?? ""];
  const publicKey = await keyOf(connection, options.publicKey);
  const bucket = archiveBucketOf(connection, options.bucket);
  let progress: Progress | undefined;
  const found = await inArchive(connection, bucket, (s3) =>
    verifyArchive(new ArchiveReader(s3, bucket), {
      ...{ since, until, publicKey, now },
      progress: {
        begin: (files) => {
          progress = new Progress("files", files);
        },
        step: () => progress?.step(),
      },
    }),
  );
  const about = `${bucket}, ${since === until ? since : `${since} to ${until}`} (UTC)`;
  return { text: report(about, fingerprintOf(publicKey), found), isRight: found.findings.length === 0 };
}

const count = (number: number, one: string): string => `${number} ${one}${number === 1 ? "" : "s"}`;

function report(about: string, fingerprint: string, found: Verification): string {
  const { proofs, files, lines, waiting, copying, newest, findings } = found;
  return [
    about,
    `${count(proofs, "proof")}, signed by the key with the SHA-256 ${fingerprint}`,
    `as proven: ${count(files, "file")}, ${count(lines, "line")}`,
    ...(waiting === 0 ? [] : [`not proven yet: ${count(waiting, "file")}`]),
    ...(copying === 0 ? [] : [`not copied into the archive yet: ${count(copying, "file")}`]),
    newest === undefined
      ? "no proof: nothing is known of these days"
      : `newest: proof ${newest.number} of ${newest.provenAt}, ${newest.digest}`,
    ...(newest?.compared === undefined ? [] : wordsOfCompared(newest.compared).map((line) => `  ${line}`)),
    "",
    ...findings.map(
      ({ invariant, subject, what }) =>
        `${invariant === "books" ? "WRONG BOOKS" : "TAMPERED WITH"}  ${subject}: ${what}`,
    ),
    findings.length === 0 ? "nothing was tampered with" : `${findings.length} found`,
  ].join("\n");
}

/** Of a key as X.509 has it (SubjectPublicKeyInfo, DER). */
const fingerprintOf = (key: KeyObject): string =>
  createHash("sha256")
    .update(key.export({ format: "der", type: "spki" }))
    .digest("hex");

/** The key of the stage, of which the alias is known; or the one that was named. */
async function keyOf(connection: StoreConnection, named: string | undefined): Promise<KeyObject> {
  const isDigest = named !== undefined && /^[0-9a-f]{64}$/.test(named);
  if (named !== undefined && !isDigest) return keyIn(named);
  const kms = createKms(clientOf(connection));
  try {
    const key = await new Signer(kms, `alias/${connection.tablePrefix}proofs`).publicKey();
    if (isDigest && fingerprintOf(key) !== named)
      throw new Refusal(`the key of this stage is another one: its SHA-256 is ${fingerprintOf(key)}`);
    return key;
  } catch (thrown) {
    if (!(thrown instanceof KeysUnavailable)) throw thrown;
    throw new Refusal(`KMS gives no public key: ${thrown.message}. Name it: --public-key <file>`, {
      cause: thrown,
    });
  } finally {
    kms.destroy();
  }
}

function keyIn(file: string): KeyObject {
  if (!existsSync(file))
    throw new Refusal(`--public-key "${file}" is no file, and no SHA-256 in hexadecimal`);
  try {
    return createPublicKey(readFileSync(file));
  } catch (thrown) {
    throw new Refusal(`${file} is no public key in PEM: ${(thrown as Error).message}`, { cause: thrown });
  }
}
