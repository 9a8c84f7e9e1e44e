using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Mount.Compressing;

/// <summary>Lists the files of a command line with the names of their archives, and refuses names that collide before work starts.</summary>
internal static class CompressionJobs
{
    private const string Extension = ".hdf";

    private static readonly string[] s_otherExtensions = [".tif", ".tiff", ".eer", ".ecc", ".mrcz"];

    /// <param name="paths">Files, and with <paramref name="isRecursive"/> folders.</param>
    /// <param name="hasAllFormats">Folders are searched for TIFF, EER and MRCZ files, too. Archives in HDF5 are never taken: they may be our own.</param>
    /// <param name="outputFolder">Where archives go; null for beside their originals.</param>
    /// <param name="outputFile">The archive of a single file; null for a name made from the input's.</param>
    /// <exception cref="CommandException">Nothing is to be done, or two files would have one archive.</exception>
    public static List<CompressionJob> List(string[] paths, bool isRecursive, bool hasAllFormats, string? outputFolder, string? outputFile)
    {
        List<CompressionJob> jobs = [.. paths.SelectMany(path => Directory.Exists(path) ? InFolder(path, isRecursive, hasAllFormats, outputFolder) : [Named(path, outputFolder)])];
        if (outputFile is not null)
        {
            jobs = jobs is [CompressionJob only]
                ? [only with { OutputPath = outputFile }]
                : throw new CommandException(ExitCode.Usage, $"-o names one archive, but there are {jobs.Count} files; --outpath names a folder for several.");
        }

        if (jobs.Count == 0)
        {
            throw new CommandException(ExitCode.Usage, hasAllFormats
                ? $"there are no files to compress ({string.Join(' ', MrcNames.Extensions)} {string.Join(' ', s_otherExtensions)}) in {string.Join(", ", paths)}."
                : $"there are no MRC files ({string.Join(' ', MrcNames.Extensions)}) in {string.Join(", ", paths)}; --all-formats takes TIFF, EER and MRCZ files, too.");
        }

        RefuseCollisions(jobs);
        return jobs;
    }

    /// <summary>A named file gives <c>base.hdf</c>, as e2compress does. Rules see its path from the current folder.</summary>
    private static CompressionJob Named(string path, string? outputFolder)
    {
        string name = Path.GetFileNameWithoutExtension(path) + Extension;
        return new CompressionJob(path, Path.Join(outputFolder ?? Path.GetDirectoryName(path), name), Path.GetRelativePath(Environment.CurrentDirectory, path), LengthOf(path));
    }

    /// <summary>Files found in folders keep their place. MRC files give their full name and <c>.hdf</c>, as the mount does; others their stem and <c>.hdf</c>,
    /// so that the mount shows the archive as it showed the file.</summary>
    private static IEnumerable<CompressionJob> InFolder(string folder, bool isRecursive, bool hasAllFormats, string? outputFolder)
    {
        if (!isRecursive)
        {
            throw new CommandException(ExitCode.Usage, $"{folder} is a folder; -r compresses the MRC files in it.");
        }

        return FilesBelow(folder)
            .Where(path => MrcNames.IsMrcName(path) || (hasAllFormats && HasOtherFormat(path)) || Directory.Exists(path))
            .Order(StringComparer.Ordinal)
            .Select(path =>
            {
                string relative = Path.GetRelativePath(folder, path);
                string archive = HasOtherFormat(path) ? Path.ChangeExtension(relative, Extension) : relative + Extension;
                return new CompressionJob(path, Path.Join(outputFolder ?? folder, archive), relative, LengthOf(path));
            });
    }

    /// <summary>Files at any depth, links aside; and the folders that cannot be read, each of which fails like a file that cannot, while the others are compressed.</summary>
    private static IEnumerable<string> FilesBelow(string folder)
    {
        var options = new EnumerationOptions { AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };
        string[] files, folders;
        try
        {
            (files, folders) = (Directory.GetFiles(folder, "*", options), Directory.GetDirectories(folder, "*", options));
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            return [folder];
        }

        return files.Concat(folders.SelectMany(FilesBelow));
    }

    private static bool HasOtherFormat(string path) => s_otherExtensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

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
