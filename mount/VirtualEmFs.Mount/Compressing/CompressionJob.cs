namespace VirtualEmFs.Mount.Compressing;

/// <summary>One file to compress.</summary>
/// <param name="RelativePath">The path below the folder that was named, against which rules match; the name alone for a named file.</param>
/// <param name="LengthBytes">Length when the jobs were listed; 0 where it cannot be told.</param>
internal sealed record CompressionJob(string InputPath, string OutputPath, string RelativePath, long LengthBytes);
