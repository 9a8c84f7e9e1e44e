namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>One call of a program.</summary>
/// <param name="Call">Makes it; returns its error number.</param>
/// <param name="Apply">What has changed once it was answered.</param>
/// <param name="File">The open file that it needs; null when it needs none.</param>
internal sealed record ProgramStep(string Name, Func<ProgramCalls, int> Call, Action<WrittenFiles> Apply, string? File = null)
{
    public override string ToString() => Name;
}
