import { found } from "./http/answer.ts";
import { apiHandler } from "./http/handler.ts";

/**
 * Whatever no other route takes: the gateway's own 404 cannot be shaped. And the sign of life that Route 53 asks for
 * through the edge: it says that edge, gateway and functions work together, and reads nothing.
 */
export const handler = apiHandler({ "/health": { GET: async () => found({ status: "ok" }) } });
