import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkSignature, signatureHeader, signatureToleranceMs } from "./notification.ts";

const now = Date.UTC(2030, 5, 15, 12, 0, 0);
const seconds = now / 1_000;
const secret = "whsec_alpha_1";
const rawBody = '{"id":"ntf_1"}';
const header = signatureHeader(rawBody, [secret], now);
const mac = createHmac("sha256", secret).update(`${seconds}.${rawBody}`).digest("hex");

describe("a signature", () => {
  it("is the moment and the keyed digest of both, as the protocol says", () => {
    expect(header).toBe(`t=${seconds},v1=${mac}`);
  });

  it("is authentic under the secret that made it", () => {
    expect(checkSignature({ header, rawBody }, [secret], now)).toBe("authentic");
  });

  it("is authentic while the receiver knows the old secret and the new one", () => {
    expect(checkSignature({ header, rawBody }, ["whsec_alpha_2", secret], now)).toBe("authentic");
  });

  it("is authentic while the sender signs with the old secret and the new one", () => {
    const both = signatureHeader(rawBody, ["whsec_alpha_0", secret], now);
    expect(checkSignature({ header: both, rawBody }, [secret], now)).toBe("authentic");
  });

  it.each<{ what: string; given: Partial<{ header: string; rawBody: string; secrets: string[] }> }>([
    { what: "another secret", given: { secrets: ["whsec_beta_1"] } },
    { what: "no secret at all", given: { secrets: [] } },
    { what: "another body", given: { rawBody: '{"id":"ntf_2"}' } },
    { what: "the same body in other bytes", given: { rawBody: '{"id": "ntf_1"}' } },
    { what: "another moment", given: { header: `t=${seconds + 1},v1=${mac}` } },
  ])("under $what is forged", ({ given }) => {
    const { secrets = [secret], ...signed } = given;
    expect(checkSignature({ header, rawBody, ...signed }, secrets, now)).toBe("forged");
  });

  it.each<[number, string]>([
    [-signatureToleranceMs - 1, "untimely"],
    [-signatureToleranceMs, "authentic"],
    [signatureToleranceMs, "authentic"],
    [signatureToleranceMs + 1, "untimely"],
  ])("that is %i ms away from now is %s", (ms, verdict) => {
    expect(checkSignature({ header, rawBody }, [secret], now + ms)).toBe(verdict);
  });

  it.each<[string, string | undefined]>([
    ["is not there", undefined],
    ["is empty", ""],
    ["has no moment", `v1=${mac}`],
    ["has two moments", `t=${seconds},t=${seconds},v1=${mac}`],
    ["has a moment that is no number", `t=now,v1=${mac}`],
    ["has a moment before time", `t=-${seconds},v1=${mac}`],
    ["has no digest", `t=${seconds}`],
    ["has a digest that is too short", `t=${seconds},v1=${mac.slice(2)}`],
    ["has a digest in capitals", `t=${seconds},v1=${mac.toUpperCase()}`],
    ["has a good digest and a bad one", `t=${seconds},v1=${mac},v1=00`],
    ["has more digests than secrets can be in use", `t=${seconds}${`,v1=${mac}`.repeat(5)}`],
    ["is too long", `t=${seconds},v1=${mac},v0=${"0".repeat(600)}`],
  ])("that %s is malformed", (_, given) => {
    expect(checkSignature({ header: given, rawBody }, [secret], now)).toBe("malformed");
  });

  it("may stand beside a scheme that is not known here", () => {
    const extended = `v2=whatever, ${header.replace(",", ", ")}`;
    expect(checkSignature({ header: extended, rawBody }, [secret], now)).toBe("authentic");
  });

  it("never throws, and is authentic for nothing but what was signed", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, body) => {
        expect(checkSignature({ header: text, rawBody: body }, [secret], now)).not.toBe("authentic");
        const other = checkSignature({ header, rawBody: body }, [secret], now);
        expect(other).toBe(body === rawBody ? "authentic" : "forged");
      }),
    );
  });
});
