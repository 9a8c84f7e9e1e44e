namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>One call of a program.</summary>
/// <param name="Call">Makes it; returns its error number.</param>
/// <param name="Apply">What has changed once it was answered.</param>
internal sealed record ProgramStep(string Name, Func<ProgramCalls, int> Call, Action<WrittenFiles> Apply)
{
    public override string ToString() => Name;
}
