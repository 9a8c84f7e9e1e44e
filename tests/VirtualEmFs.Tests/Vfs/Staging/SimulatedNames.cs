namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>One name of one folder, as a change leaves it; without a node the name is gone.</summary>
internal readonly record struct SimulatedEdit(SimulatedNode Folder, string Name, SimulatedNode? Node)
{
    public void ApplyTo(SortedDictionary<string, SimulatedNode> names)
    {
        if (Node is null)
        {
            names.Remove(Name);
        }
        else
        {
            names[Name] = Node;
        }
    }
}

/// <summary>A change of names that was not flushed.</summary>
/// <param name="Nodes">What it is about: it never survives a power cut that an earlier change of the same nodes or names did not survive.</param>
internal sealed record SimulatedNameChange(List<SimulatedEdit> Edits, SimulatedNode[] Nodes)
{
    /// <summary>For a file moved between folders: the new name may survive without the removal of the old one, never the other way round.</summary>
    public bool IsMove => Edits is [{ Node: not null } added, { Node: null } removed] && added.Folder != removed.Folder && !added.Node.IsFolder;

    public bool DependsOn(SimulatedNameChange earlier) =>
        Nodes.Any(earlier.Nodes.Contains) || Edits.Exists(edit => earlier.Edits.Exists(other => other.Folder == edit.Folder && other.Name == edit.Name));
}

/// <summary>The changes of names that no folder's flush has made durable yet, in order.</summary>
internal sealed class SimulatedNames
{
    public List<SimulatedNameChange> Unflushed { get; private set; } = [];

    /// <summary>Makes a change now; it is durable after the flush of its folders.</summary>
    public void Apply(SimulatedNode[] nodes, params SimulatedEdit[] edits)
    {
        foreach (var edit in edits)
        {
            edit.ApplyTo(edit.Folder.Names);
        }

        Unflushed.Add(new SimulatedNameChange([.. edits], nodes));
    }

    /// <summary>Makes the names of a folder durable, and what they depend on.</summary>
    public void Flush(SimulatedNode folder)
    {
        foreach (var change in Unflushed.ToArray())
        {
            if (!Unflushed.Contains(change) || !change.Edits.Exists(edit => edit.Folder == folder))
            {
                continue;
            }

            if (change.IsMove && change.Edits[0].Folder == folder)
            {
                FlushEarlier(change);
                Write(change.Edits[0]);

                // The old name may go any time; until then it stays.
                int index = Unflushed.IndexOf(change);
                Unflushed[index] = new SimulatedNameChange([change.Edits[1]], change.Nodes);
                continue;
            }

            FlushWhole(change);
        }
    }

    /// <summary>Makes every change durable.</summary>
    public void FlushAll()
    {
        foreach (var change in Unflushed)
        {
            change.Edits.ForEach(Write);
        }

        Unflushed.Clear();
    }

    /// <summary>The same changes of the copies of all nodes.</summary>
    public SimulatedNames Copy(IReadOnlyDictionary<SimulatedNode, SimulatedNode> copies) => new()
    {
        Unflushed =
        [
            .. Unflushed.Select(change => new SimulatedNameChange(
                [.. change.Edits.Select(edit => new SimulatedEdit(copies[edit.Folder], edit.Name, edit.Node is null ? null : copies[edit.Node]))],
                [.. change.Nodes.Select(node => copies[node])])),
        ],
    };

    /// <summary>The edits that a power cut leaves: all changes up to one of them, or any of them of which none misses what it depends on.</summary>
    public List<SimulatedEdit> Surviving(Random random)
    {
        var survivors = new List<SimulatedEdit>();
        var lost = new List<SimulatedNameChange>();
        int prefixCount = random.Next(2) == 0 ? random.Next(Unflushed.Count + 1) : -1;
        for (int i = 0; i < Unflushed.Count; i++)
        {
            var change = Unflushed[i];
            if ((prefixCount < 0 ? random.Next(2) == 0 : i >= prefixCount) || lost.Exists(change.DependsOn))
            {
                lost.Add(change);
            }
            else if (change.IsMove && random.Next(3) == 0)
            {
                survivors.Add(change.Edits[0]);
                lost.Add(new SimulatedNameChange([change.Edits[1]], change.Nodes));
            }
            else
            {
                survivors.AddRange(change.Edits);
            }
        }

        return survivors;
    }

    private static void Write(SimulatedEdit edit) => edit.ApplyTo(edit.Folder.FlushedNames);

    private void FlushWhole(SimulatedNameChange change)
    {
        FlushEarlier(change);
        change.Edits.ForEach(Write);
        Unflushed.Remove(change);
    }

    private void FlushEarlier(SimulatedNameChange change)
    {
        foreach (var earlier in Unflushed.TakeWhile(other => !ReferenceEquals(other, change)).Where(change.DependsOn).ToArray())
        {
            if (Unflushed.Contains(earlier))
            {
                FlushWhole(earlier);
            }
        }
    }
}
