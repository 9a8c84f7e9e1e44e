namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>A file as programs made it: what its bytes may be after a crash, and where it may be.</summary>
internal sealed class ModelFile(string text)
{
    /// <summary>Contents since the last that is known to be durable, oldest first; the first is empty for a file that was never flushed.</summary>
    public List<(int Step, byte[] Value)> Versions { get; } = [(-1, [])];

    /// <summary>Names since the last that is known to be durable; null where it had none.</summary>
    public List<(int Step, string? Value)> Places { get; } = [(-1, null)];

    public byte[] Now => Versions[^1].Value;

    public override string ToString() => text;
}

/// <summary>What programs were told about names and bytes, and so what may be there after a crash.</summary>
internal sealed class NameModel
{
    private readonly Dictionary<string, List<(int Step, ModelFile? Value)>> _names = new(StringComparer.Ordinal);
    private readonly List<ModelFile> _files = [];
    private int _step;
    private bool _isUnderWay;
    private bool _mayBeTorn;

    /// <summary>The file that has a name, as programs know it.</summary>
    public ModelFile this[string name] => Find(name) ?? throw new InvalidOperationException($"the scenario has no {name} at this point");

    public ModelFile? Find(string name) => _names.TryGetValue(name, out var history) ? history[^1].Value : null;

    /// <summary>Names that programs see now.</summary>
    public IEnumerable<string> Names => _names.Where(pair => pair.Value[^1].Value is not null).Select(pair => pair.Key);

    /// <summary>An operation begins: what it changes may or may not be there until it has ended.</summary>
    public void Begin()
    {
        _step++;
        _isUnderWay = true;
    }

    /// <summary>The operation has ended: the end of the process takes nothing of it away.</summary>
    public void End() => _isUnderWay = false;

    public void Create(string name)
    {
        var file = new ModelFile($"{name} of step {_step}");
        _files.Add(file);
        Place(name, file);
    }

    public void Change(string name, byte[] bytes) => this[name].Versions.Add((_step, bytes));

    /// <summary>Puts a file under a name; what had the name is gone.</summary>
    public void Move(string name, string newName)
    {
        var file = this[name];
        Find(newName)?.Places.Add((_step, null));
        History(name).Add((_step, null));
        Place(newName, file);
    }

    public void Remove(string name)
    {
        if (Find(name) is { } file)
        {
            History(name).Add((_step, null));
            file.Places.Add((_step, null));
        }
    }

    /// <summary>A file's bytes are durable as they are now.</summary>
    public void Flush(string name) => Keep(this[name].Versions);

    /// <summary>Names are durable as they are now: all, but for those of which the caller says that they may be older in the source.</summary>
    public void FlushNames(Func<string, bool> isDurable)
    {
        foreach (var (name, history) in _names.Where(pair => isDurable(pair.Key)))
        {
            Keep(history);
        }

        foreach (var file in _files.Where(file => file.Places.TrueForAll(place => place.Value is null || isDurable(place.Value))))
        {
            Keep(file.Places);
        }
    }

    /// <summary>What is wrong with what is there after a crash; null when everything is as it may be.</summary>
    /// <param name="isPowerCut">What was not flushed may be older, or torn.</param>
    /// <param name="mayBeTorn">A write that is under way may have been done in part.</param>
    public string? FindFault(IReadOnlyDictionary<string, byte[]> visible, bool isPowerCut, bool mayBeTorn = false)
    {
        _mayBeTorn = mayBeTorn || isPowerCut;
        foreach (string name in visible.Keys.Where(name => !_names.ContainsKey(name)))
        {
            return $"{name} is there, and nobody made it";
        }

        var names = _names.Keys.ToArray();
        string? fault = null;
        return Assign(names, 0, visible, isPowerCut, [], ref fault) ? null : fault ?? "no history explains what is there";
    }

    private bool Assign(
        string[] names, int index, IReadOnlyDictionary<string, byte[]> visible, bool isPowerCut, Dictionary<ModelFile, string> places, ref string? fault)
    {
        if (index == names.Length)
        {
            foreach (var file in _files)
            {
                if (!places.ContainsKey(file) && !Possible(file.Places, isPowerCut).Contains(null))
                {
                    fault = $"{file} is nowhere; it may be at {string.Join(", ", Possible(file.Places, isPowerCut))}; there are {string.Join(", ", visible.Keys)}";
                    return false;
                }
            }

            return true;
        }

        string name = names[index];
        bool isThere = visible.TryGetValue(name, out byte[]? bytes);
        var occupants = Possible(_names[name], isPowerCut).Distinct().ToArray();
        foreach (var file in occupants)
        {
            if (file is null != !isThere || (file is not null && (places.ContainsKey(file) || !MayBe(bytes!, file, isPowerCut))))
            {
                continue;
            }

            if (file is not null)
            {
                places.Add(file, name);
            }

            if (Assign(names, index + 1, visible, isPowerCut, places, ref fault))
            {
                return true;
            }

            if (file is not null)
            {
                places.Remove(file);
            }
        }

        fault ??= $"{name} is {(isThere ? $"{bytes!.Length} bytes {Describe(bytes)}" : "not there")}; possible: "
            + string.Join(" or ", occupants.Select(file => file is null ? "nothing" : $"{file} ({string.Join(" | ", Possible(file.Versions, isPowerCut).Select(Describe))})"));
        return false;
    }

    private bool MayBe(byte[] bytes, ModelFile file, bool isPowerCut)
    {
        var versions = Possible(file.Versions, isPowerCut);
        if (versions.Exists(version => version.AsSpan().SequenceEqual(bytes)))
        {
            return true;
        }

        int shortest = versions.Min(version => version.Length);
        if (!_mayBeTorn || bytes.Length < shortest || bytes.Length > versions.Max(version => version.Length))
        {
            return false;
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            if (!(bytes[i] == 0 && i >= shortest) && !versions.Exists(version => i < version.Length && version[i] == bytes[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>All since the durable one, or, while the power stays, the last, and the one before an operation that is under way.</summary>
    private List<T> Possible<T>(List<(int Step, T Value)> history, bool isPowerCut)
    {
        int first = isPowerCut ? 0 : _isUnderWay ? history.FindLastIndex(entry => entry.Step < _step) : history.Count - 1;
        return [.. history.Skip(Math.Max(first, 0)).Select(entry => entry.Value)];
    }

    private static void Keep<T>(List<T> history) => history.RemoveRange(0, history.Count - 1);

    private static string Describe(byte[] bytes) => bytes.Length == 0 ? "empty" : $"[{bytes.Length}: {string.Join(",", bytes.Distinct().Take(8))}]";

    private List<(int Step, ModelFile? Value)> History(string name)
    {
        if (!_names.TryGetValue(name, out var history))
        {
            _names.Add(name, history = [(-1, null)]);
        }

        return history;
    }

    private void Place(string name, ModelFile file)
    {
        History(name).Add((_step, file));
        file.Places.Add((_step, name));
    }
}
