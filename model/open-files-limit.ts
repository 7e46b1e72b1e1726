/** How many files and sockets a process may have open at once (RLIMIT_NOFILE, getrlimit(2)). */

/**
 * The soft limit of this process, which its children inherit; Infinity where there is none or it is
 * not known. Node raises it to the hard limit when it starts.
 */
export function openFilesLimit(): number {
  const source = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean };
  source.excludeNetwork = true;
  const report = source.getReport() as {
    userLimits?: { open_files?: { soft: number | 'unlimited' } };
  };
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}
