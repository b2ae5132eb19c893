import { Signer } from "@aws-sdk/rds-signer";
import { Pool } from "pg";

/** Where the books are, and as whom to come in. */
export interface BooksAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Undefined on AWS: there IAM says who may come in, by a token that is good for a quarter of an hour. */
  readonly password: string | undefined;
}

/** A statement takes this long at most, in milliseconds; a pod that gets no connection gives its work back. */
const statementMsMax = 60_000;
const connectionMsMax = 30_000;

/**
 * Connections to the books, made when they are needed.
 * @param connectionsMax how many at once: no more than works at once
 * @param statementMs a statement that takes longer is given up, in milliseconds
 */
export function booksPool(
  address: BooksAddress,
  region: string,
  connectionsMax: number,
  statementMs = statementMsMax,
): Pool {
  const { host, port, database, user, password } = address;
  return new Pool({
    ...{ host, port, database, user, max: connectionsMax },
    ...(password === undefined
      ? { password: tokens({ hostname: host, port, username: user, region }), ssl: true }
      : { password }),
    application_name: "reconciler",
    connectionTimeoutMillis: connectionMsMax,
    statement_timeout: statementMs,
  });
}

/** A new token for each connection. It is made here, by the process's own credentials, and asks nobody. */
function tokens(options: ConstructorParameters<typeof Signer>[0]): () => Promise<string> {
  const signer = new Signer(options);
  return () => signer.getAuthToken();
}
