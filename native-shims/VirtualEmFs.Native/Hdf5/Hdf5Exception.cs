using System.Globalization;

namespace VirtualEmFs.Native.Hdf5;

/// <summary>A call of libhdf5 failed: the message holds the function and the library's own text, innermost cause first.</summary>
public sealed class Hdf5Exception(string function, string reason) : IOException($"{function}: {reason}")
{
    private const string SystemText = "error message = '";
    private const string SystemNumber = "errno = ";

    /// <summary>The C function that failed.</summary>
    public string Function { get; } = function;

    /// <summary>What the operating system said (<c>No space left on device</c>); null when it was not asked.</summary>
    public string? SystemReason { get; } = FindSystemReason(reason);

    /// <summary>The operating system's error number; 0 when it was not asked.</summary>
    public int Errno { get; } = FindErrno(reason);

    private static int FindErrno(string reason)
    {
        int start = reason.IndexOf(SystemNumber, StringComparison.Ordinal);
        return start >= 0 && int.TryParse(reason[(start + SystemNumber.Length)..].Split(',')[0], CultureInfo.InvariantCulture, out int errno) ? errno : 0;
    }

    private static string? FindSystemReason(string reason)
    {
        int start = reason.IndexOf(SystemText, StringComparison.Ordinal);
        return start < 0 ? null : reason[(start + SystemText.Length)..].Split('\'')[0];
    }
}
