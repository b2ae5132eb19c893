import { Pool } from "pg";

/** Connects to the books for as long as something is asked of them. @param url with user and password: the owner's */
export async function withBooks<T>(url: string, use: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = new Pool({ connectionString: url, max: 1 });
  try {
    return await use(pool);
  } finally {
    await pool.end();
  }
}
