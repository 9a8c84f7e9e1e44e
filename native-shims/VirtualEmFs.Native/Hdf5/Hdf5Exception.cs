namespace VirtualEmFs.Native.Hdf5;

/// <summary>A call of libhdf5 failed: the message holds the function and the library's own text, innermost cause first.</summary>
public sealed class Hdf5Exception(string function, string reason) : IOException($"{function}: {reason}")
{
    /// <summary>The C function that failed.</summary>
    public string Function { get; } = function;
}
