import { Pool, type PoolConfig } from "pg";
import { comingIn } from "#adapters/books/connection.ts";
import { Refusal } from "./refusal.ts";

/** PostgreSQL's codes for what its user may not, and for who does not come in. */
const insufficientPrivilege = "42501";
const notLetIn = ["28000", "28P01"];

/**
 * Connects to the books for as long as something is asked of them.
 * @param url with user and password; without a password IAM lets the user in, for a quarter of an hour and with verified TLS.
 *   `?through=127.0.0.1:15432` is this end of a tunnel to them
 * @throws Refusal when the user does not come in, or may not do it; or when nothing says in which region AWS is
 */
export async function withBooks<T>(
  url: string,
  use: (pool: Pool) => Promise<T>,
  environment = process.env,
): Promise<T> {
  const config = configOf(url, environment);
  const pool = new Pool({ ...config, max: 1, application_name: "ops" });
  // A connection that dies while nobody uses it: the next one is made when it is needed.
  pool.on("error", () => undefined);
  try {
    return await use(pool);
  } catch (thrown) {
    const { code = "", message } = thrown as { readonly code?: string; readonly message: string };
    const user = decodeURIComponent(new URL(url).username);
    if (code === insufficientPrivilege) throw new Refusal(`${user} may not: ${message}`, { cause: thrown });
    if (notLetIn.includes(code))
      throw new Refusal(`the books do not let ${user} in: ${message}`, { cause: thrown });
    throw thrown;
  } finally {
    await pool.end();
  }
}

function configOf(url: string, { AWS_REGION: region }: NodeJS.ProcessEnv): PoolConfig {
  const { hostname, port, pathname, username, password, searchParams } = new URL(url);
  if (password !== "") return { connectionString: url };
  if (region === undefined) throw new Refusal("set AWS_REGION to the region of these books");
  const address = {
    ...{ host: hostname, port: Number(port || 5_432), database: pathname.slice(1) },
    ...{ user: decodeURIComponent(username), password: undefined, through: tunnelIn(searchParams) },
  };
  return comingIn(address, region);
}

function tunnelIn(parameters: URLSearchParams): { readonly host: string; readonly port: number } | undefined {
  const through = parameters.get("through");
  if (through === null) return undefined;
  const [, host = "", port] = /^(.+):(\d{1,5})$/.exec(through) ?? [];
  if (port === undefined) throw new Refusal(`through=${through}: write it as 127.0.0.1:15432`);
  return { host, port: Number(port) };
}
