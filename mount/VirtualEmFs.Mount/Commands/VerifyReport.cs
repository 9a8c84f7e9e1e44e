namespace VirtualEmFs.Mount.Commands;

/// <summary>What verification has found in one archive, whose virtual files are decoded by several threads.</summary>
internal sealed class VerifyReport(string file)
{
    private readonly Lock _gate = new();
    private int _faultOrder = int.MaxValue; // guarded by _gate, as is _open
    private int _open = 1;

    public string File { get; } = file;

    public bool Ok => Fault is null;

    /// <summary>One sentence about the first damaged frame; null when there is none.</summary>
    public string? Fault { get; private set; }

    /// <summary>What the archive is to the file that a list of checksums names; null without a list.</summary>
    public string? Original { get; set; }

    /// <summary>A virtual file of the archive is going to be decoded.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            _open++;
        }
    }

    /// <summary>Notes a fault; the one that comes first in the archive stays.</summary>
    public void Fail(int order, string fault)
    {
        lock (_gate)
        {
            if (order < _faultOrder)
            {
                (_faultOrder, Fault) = (order, fault);
            }
        }
    }

    /// <summary>Ends a virtual file, or the search for them; true when that was the last.</summary>
    public bool End()
    {
        lock (_gate)
        {
            return --_open == 0;
        }
    }
}
