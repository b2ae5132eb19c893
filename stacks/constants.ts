export const appName = "tallystick";

/** Where the stages are. */
export const homeRegion = "eu-west-1";

/** Where production goes when the home region is lost, and where backups are copied to. */
export const recoveryRegion = "eu-central-1";

/**
 * What CloudFront uses is there: its firewall, its certificates and its log deliveries; Route 53's query logs; and the
 * trail of the services without a region.
 */
export const globalRegion = "us-east-1";

/** The regions that are used. In all others the organization refuses whatever is asked. */
export const usedRegions = [homeRegion, recoveryRegion, globalRegion] as const;

/** Where a stage may be. */
export type Region = typeof homeRegion | typeof recoveryRegion;

/** How long logs are kept, in days. PCI DSS 10.5.1 asks for a year. */
export const logDays = 365;
