import { apiHandler } from "./http/handler.ts";

/** Whatever no other route takes: the gateway's own 404 cannot be shaped. */
export const handler = apiHandler({});
