namespace VirtualEmFs.Vfs.Tree;

/// <summary>What <see cref="VirtualTree"/> does with archives that are known to be damaged.</summary>
public enum DamagePolicy
{
    /// <summary>open(2) gives EIO: programs that ignore failed reads must not go on with pixels of another image.</summary>
    Refuse,

    /// <summary>They open without the kernel's cache: every sound image is exact, a read ends before a damaged one.</summary>
    Serve,
}

/// <summary>Choices of one mount.</summary>
public sealed record VirtualTreeOptions
{
    /// <summary>List archives beside their virtual files.</summary>
    public bool ShowArchives { get; init; }

    public DamagePolicy Damaged { get; init; } = DamagePolicy.Refuse;

    /// <summary>Headers state only statistics that are those of the samples as they read.</summary>
    public bool UseStrictStatistics { get; init; }

    /// <summary>How old names and attributes may be.</summary>
    public TimeSpan AttributeTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Nothing in the source changes: names and attributes may be a day old. Opens are checked all the same.</summary>
    public bool IsImmutable { get; init; }

    /// <summary>Open archives through symbolic links that lead out of the source.</summary>
    public bool FollowSymlinks { get; init; }

    /// <summary>Plain MRC files that the formats present in another mode are shown so, under their own names.</summary>
    public bool ConvertsMrcFiles { get; init; }

    internal TimeSpan EffectiveTimeout => IsImmutable && AttributeTimeout < TimeSpan.FromDays(1) ? TimeSpan.FromDays(1) : AttributeTimeout;
}
