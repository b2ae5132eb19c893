import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** A key and its certificate, in PEM. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/**
 * A self-signed certificate for `localhost` and 127.0.0.1, good for a day: tests of TLS need a key, and a key has no
 * place in a repository. Structure: RFC 5280, section 4.1; signature: RFC 8410.
 */
export function selfSignedIdentity(now: number): Identity {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const algorithm = sequence(oid(0x2b, 0x65, 0x70));
  const name = sequence(tlv(0x31, sequence(oid(0x55, 0x04, 0x03), utf8("localhost"))));
  const body = sequence(
    tlv(0xa0, integer(2)),
    tlv(0x02, Buffer.concat([Buffer.of(0x01), randomBytes(8)])),
    algorithm,
    name,
    sequence(utcTime(now - dayMs), utcTime(now + dayMs)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tlv(0xa3, sequence(isAuthority, alternativeNames)),
  );
  const der = sequence(body, algorithm, bitString(sign(null, body, privateKey)));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
  };
}

const dayMs = 24 * 3_600_000;

function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
const integer = (value: number): Buffer => tlv(0x02, Buffer.of(value));
const oid = (...bytes: readonly number[]): Buffer => tlv(0x06, Buffer.from(bytes));
const utf8 = (text: string): Buffer => tlv(0x0c, Buffer.from(text));
const bitString = (bits: Uint8Array): Buffer => tlv(0x03, Buffer.of(0), bits);

function utcTime(at: number): Buffer {
  const digits = new Date(at).toISOString().replaceAll(/[-:T]/g, "").slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`));
}

const extension = (id: Buffer, value: Buffer): Buffer => sequence(id, tlv(0x04, value));
const isAuthority = extension(oid(0x55, 0x1d, 0x13), sequence(tlv(0x01, Buffer.of(0xff))));
const alternativeNames = extension(
  oid(0x55, 0x1d, 0x11),
  sequence(tlv(0x82, Buffer.from("localhost")), tlv(0x87, Buffer.of(127, 0, 0, 1))),
);
