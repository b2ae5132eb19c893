/** Import this before any handler: what steps throw is logged when they are deployed, and expected by the thousand here. */
process.env["POWERTOOLS_LOG_LEVEL"] = "SILENT";
