namespace VirtualEmFs.Mount.Commands;

/// <summary>How this program starts itself once more.</summary>
internal static class OwnProgram
{
    /// <summary>What comes before the arguments: the program's file, or <c>dotnet emfs.dll</c> where that started it.</summary>
    public static string[] Command => Path.GetFileName(Environment.ProcessPath) == "dotnet"
        ? [Environment.ProcessPath!, Environment.GetCommandLineArgs()[0]]
        : [Environment.ProcessPath!];
}
