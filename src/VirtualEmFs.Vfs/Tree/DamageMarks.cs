using VirtualEmFs.Frames;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>Archives in which decoding has met a fault, by version: later opens know.</summary>
/// <remarks>Any thread. Bounded: 10,000 damaged archives are remembered, then the first are met anew.</remarks>
internal sealed class DamageMarks
{
    private const int Limit = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(SourceVersion Version, int? Member), ArchiveDamage> _marks = []; // guarded by _gate
    private readonly Queue<(SourceVersion Version, int? Member)> _order = new();                  // guarded by _gate

    /// <summary>The fault that makes an archive known to be damaged: the probe's, or one met while decoding.</summary>
    public ArchiveDamage? Of(ArchiveDescription description)
    {
        if (!description.Damage.IsDefaultOrEmpty)
        {
            return description.Damage[0];
        }

        lock (_gate)
        {
            return _marks.GetValueOrDefault((description.Version, description.Member));
        }
    }

    /// <summary>Marks an archive; false when it was marked before.</summary>
    public bool Mark(ArchiveDescription description, ArchiveDamage damage)
    {
        var key = (description.Version, description.Member);
        lock (_gate)
        {
            if (!_marks.TryAdd(key, damage))
            {
                return false;
            }

            _order.Enqueue(key);
            if (_order.Count > Limit)
            {
                _marks.Remove(_order.Dequeue());
            }

            return true;
        }
    }
}
