import { z } from "zod";
import type { BooksAddress } from "#adapters/books/connection.ts";

const port = z.coerce.number().int().min(1).max(65_535);
const variables = z.object({
  AWS_REGION: z.string().min(1),
  JOURNAL_FILES_QUEUE_URL: z.url(),
  BOOKS_HOST: z.string().min(1),
  BOOKS_PORT: port.default(5_432),
  BOOKS_DATABASE: z.string().min(1),
  BOOKS_USER: z.string().min(1),
  BOOKS_PASSWORD: z.string().min(1).optional(),
  HEALTH_PORT: z.coerce.number().int().min(0).max(65_535).default(8_080),
});

export interface ReconcilerSettings {
  readonly region: string;
  readonly journalFilesQueueUrl: string;
  readonly books: BooksAddress;
  readonly healthPort: number;
}

/**
 * What the process is told by its environment.
 * @throws Error that names each variable that is missing or wrong.
 */
export function readSettings(environment: NodeJS.ProcessEnv): ReconcilerSettings {
  const { success, data, error } = variables.safeParse(environment);
  if (!success) {
    const wrong = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new Error(`the environment is not complete: ${wrong.join("; ")}`);
  }
  return {
    region: data.AWS_REGION,
    journalFilesQueueUrl: data.JOURNAL_FILES_QUEUE_URL,
    books: {
      ...{ host: data.BOOKS_HOST, port: data.BOOKS_PORT, database: data.BOOKS_DATABASE },
      ...{ user: data.BOOKS_USER, password: data.BOOKS_PASSWORD },
    },
    healthPort: data.HEALTH_PORT,
  };
}
