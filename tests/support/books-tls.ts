import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "pg";
import { eventually } from "./eventually.ts";

/** What a test's PostgreSQL speaks TLS as. */
interface Tls {
  readonly host: string;
  /** A user who comes in by TLS and any password, as who brings a token does where IAM is asked. */
  readonly trusted?: string;
}

/**
 * Has a test's PostgreSQL speak TLS, for as long as something is tried with it.
 * @param owner superuser of the server
 * @param use is told the file of the certificate: whoever takes it for an authority's trusts the server
 */
export async function withTls(
  owner: Client,
  { host, trusted }: Tls,
  use: (certificate: string) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tallystick-tls-"));
  const [key, certificate] = [join(directory, "key.pem"), join(directory, "certificate.pem")];
  const named = ["-subj", "/CN=books", "-addext", `subjectAltName=DNS:${host}`];
  const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...named];
  execFileSync("openssl", [...made, "-keyout", key, "-out", certificate], { stdio: "ignore" });
  const { rows } = await owner.query<{ folder: string }>(
    "SELECT current_setting('data_directory') AS folder",
  );
  const folder = rows[0]?.folder ?? "";
  const { uid, gid } = statSync(folder);
  chmodSync(directory, 0o755);
  chownSync(key, uid, gid);
  chmodSync(key, 0o600);
  const rules = join(folder, "pg_hba.conf");
  const before = readFileSync(rules, "utf8");
  if (trusted !== undefined) writeFileSync(rules, `hostssl all ${trusted} 127.0.0.1/32 trust\n${before}`);
  await owner.query(`ALTER SYSTEM SET ssl_key_file = '${key}'`);
  await owner.query(`ALTER SYSTEM SET ssl_cert_file = '${certificate}'`);
  await set(owner, "ALTER SYSTEM SET ssl = on", "on");
  try {
    await use(certificate);
  } finally {
    writeFileSync(rules, before);
    await set(owner, "ALTER SYSTEM RESET ALL", "off");
    rmSync(directory, { recursive: true, force: true });
  }
}

async function set(owner: Client, statement: string, ssl: string): Promise<void> {
  await owner.query(statement);
  await owner.query("SELECT pg_reload_conf()");
  await eventually(async () => {
    const { rows } = await owner.query<{ ssl: string }>("SHOW ssl");
    return rows[0]?.ssl === ssl ? true : undefined;
  });
}
