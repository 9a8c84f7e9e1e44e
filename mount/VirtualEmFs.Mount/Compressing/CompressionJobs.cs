using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Mount.Compressing;

/// <summary>Lists the files of a command line with the names of their archives, and refuses names that collide before work starts.</summary>
internal static class CompressionJobs
{
    private const string Extension = ".hdf";

    /// <param name="paths">Files, and with <paramref name="isRecursive"/> folders.</param>
    /// <param name="outputFolder">Where archives go; null for beside their originals.</param>
    /// <param name="outputFile">The archive of a single file; null for a name made from the input's.</param>
    /// <exception cref="CommandException">Nothing is to be done, or two files would have one archive.</exception>
    public static List<CompressionJob> List(string[] paths, bool isRecursive, string? outputFolder, string? outputFile)
    {
        List<CompressionJob> jobs = [.. paths.SelectMany(path => Directory.Exists(path) ? InFolder(path, isRecursive, outputFolder) : [Named(path, outputFolder)])];
        if (outputFile is not null)
        {
            jobs = jobs is [CompressionJob only]
                ? [only with { OutputPath = outputFile }]
                : throw new CommandException(ExitCode.Usage, $"-o names one archive, but there are {jobs.Count} files; --outpath names a folder for several.");
        }

        if (jobs.Count == 0)
        {
            throw new CommandException(ExitCode.Usage, $"there are no MRC files ({string.Join(' ', MrcNames.Extensions)}) in {string.Join(", ", paths)}.");
        }

        RefuseCollisions(jobs);
        return jobs;
    }

    /// <summary>A named file gives <c>base.hdf</c>, as e2compress does.</summary>
    private static CompressionJob Named(string path, string? outputFolder)
    {
        string name = Path.GetFileNameWithoutExtension(path) + Extension;
        return new CompressionJob(path, Path.Join(outputFolder ?? Path.GetDirectoryName(path), name), Path.GetFileName(path), LengthOf(path));
    }

    /// <summary>Files found in folders give their full name and <c>.hdf</c>, as the mount does, and keep their place.</summary>
    private static IEnumerable<CompressionJob> InFolder(string folder, bool isRecursive, string? outputFolder)
    {
        if (!isRecursive)
        {
            throw new CommandException(ExitCode.Usage, $"{folder} is a folder; -r compresses the MRC files in it.");
        }

        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };
        return Directory.EnumerateFiles(folder, "*", options)
            .Where(path => MrcNames.IsMrcName(path))
            .Order(StringComparer.Ordinal)
            .Select(path =>
            {
                string relative = Path.GetRelativePath(folder, path);
                return new CompressionJob(path, Path.Join(outputFolder ?? folder, relative + Extension), relative, LengthOf(path));
            });
    }

    private static long LengthOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;

    private static void RefuseCollisions(List<CompressionJob> jobs)
    {
        var inputOf = new Dictionary<string, string>();
        foreach (CompressionJob job in jobs)
        {
            string output = Path.GetFullPath(job.OutputPath);
            if (!inputOf.TryAdd(output, job.InputPath))
            {
                throw new CommandException(
                    ExitCode.Usage, $"{inputOf[output]} and {job.InputPath} would both become {job.OutputPath}; nothing was done. Compress them to different folders.");
            }
        }
    }
}
