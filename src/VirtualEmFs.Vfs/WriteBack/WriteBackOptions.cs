namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>How a mount archives what was written through it.</summary>
public sealed record WriteBackOptions
{
    public static WriteBackOptions Default { get; } = new();

    /// <summary>How long a closed file must be quiet before it is archived, where its rule does not say.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Files that are archived at once; half the cores are left to programs.</summary>
    public int Workers { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>A file that is written again within this time of its commit waits twice as long as before it: a tilt series grows by
    /// a section every few minutes.</summary>
    public TimeSpan ReopenWindow { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The longest that doubling makes a file wait.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromHours(6);

    /// <summary>How long a flush waits for a file to be closed: a copy or a preview must not end it, a viewer that stays open must.</summary>
    public TimeSpan FlushPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Archives nothing: tells what each file would get, and puts it into the source unchanged.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>Keeps raw files after their commit; null for not at all.</summary>
    public OriginalsPolicy? KeepOriginals { get; init; }
}

/// <summary>How long raw files are kept after their commit.</summary>
/// <param name="LongestAge">Since the commit; null for any.</param>
/// <param name="MostBytes">Of all of them together; the oldest go first. Null for any.</param>
public sealed record OriginalsPolicy(TimeSpan? LongestAge, long? MostBytes);
