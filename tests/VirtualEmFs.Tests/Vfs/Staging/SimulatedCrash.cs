using VirtualEmFs.Vfs;

namespace VirtualEmFs.Tests.Vfs.Staging;

/// <summary>How a process of a simulated machine ends.</summary>
public enum CrashMode
{
    /// <summary>The process dies, the machine goes on: everything stays.</summary>
    ProcessDeath,

    /// <summary>Everything that was not flushed is lost.</summary>
    PowerCutLosesAll,

    /// <summary>Of what was not flushed, a part survives that is chosen by a seed; the writes of a file survive in order, the last of them torn.</summary>
    PowerCutLosesSome,

    /// <summary>The same, but the writes of a file survive in any order: what is missing reads as zeros or as before.</summary>
    PowerCutScrambles,
}

/// <summary>What a crash leaves of a disk.</summary>
internal static class SimulatedCrash
{
    /// <summary>Copies a tree of nodes as it is after a crash.</summary>
    public static (SimulatedNode Root, SimulatedNames Names) Copy(
        SimulatedNode root, SimulatedNames names, IReadOnlyDictionary<SimulatedVolume, SimulatedVolume> volumes, int seed, CrashMode mode)
    {
        var random = new Random(seed);
        bool losesPower = mode != CrashMode.ProcessDeath;
        var nodes = new List<SimulatedNode>();
        var seen = new HashSet<SimulatedNode>();
        Collect(root, nodes, seen);
        foreach (var change in names.Unflushed)
        {
            Array.ForEach(change.Nodes, node => Collect(node, nodes, seen));
            change.Edits.ForEach(edit => Collect(edit.Folder, nodes, seen));
        }

        var copies = new Dictionary<SimulatedNode, SimulatedNode>();
        foreach (var node in nodes)
        {
            byte[]? content = losesPower ? ContentAfter(node, random, mode) : null;
            copies.Add(node, node.Copy(volumes[node.Volume], content, !losesPower || (mode != CrashMode.PowerCutLosesAll && random.Next(2) == 0)));
        }

        foreach (var (node, copy) in copies)
        {
            CopyNames(node.FlushedNames, copy.FlushedNames, copies);
            CopyNames(losesPower ? node.FlushedNames : node.Names, copy.Names, copies);
        }

        if (losesPower && mode != CrashMode.PowerCutLosesAll)
        {
            foreach (var edit in names.Surviving(random))
            {
                var copied = new SimulatedEdit(copies[edit.Folder], edit.Name, edit.Node is null ? null : copies[edit.Node]);
                copied.ApplyTo(copied.Folder.Names);
                copied.ApplyTo(copied.Folder.FlushedNames);
            }
        }

        CountLinks(copies[root]);
        foreach (var copy in copies.Values)
        {
            copy.FreeIfGone();
        }

        return (copies[root], losesPower ? new SimulatedNames() : names.Copy(copies));
    }

    /// <summary>Everything that a folder names, or would name after a power cut.</summary>
    private static void Collect(SimulatedNode node, List<SimulatedNode> nodes, HashSet<SimulatedNode> seen)
    {
        if (!seen.Add(node))
        {
            return;
        }

        nodes.Add(node);
        foreach (var child in node.Names.Values.Concat(node.FlushedNames.Values))
        {
            Collect(child, nodes, seen);
        }
    }

    private static void CopyNames(
        SortedDictionary<string, SimulatedNode> from, SortedDictionary<string, SimulatedNode> to, Dictionary<SimulatedNode, SimulatedNode> copies)
    {
        foreach (var (name, node) in from)
        {
            to.Add(name, copies[node]);
        }
    }

    private static void CountLinks(SimulatedNode folder)
    {
        foreach (var node in folder.Names.Values)
        {
            node.LinkCount++;
            if (node.IsFolder)
            {
                CountLinks(node);
            }
        }
    }

    private static byte[] ContentAfter(SimulatedNode node, Random random, CrashMode mode)
    {
        if (node.Unflushed.Count == 0 || mode == CrashMode.PowerCutLosesAll)
        {
            return node.FlushedContent;
        }

        if (mode == CrashMode.PowerCutScrambles)
        {
            return node.Surviving(node.Unflushed.Where(_ => random.Next(2) == 0).ToArray());
        }

        // In order, up to one that is torn.
        int count = random.Next(node.Unflushed.Count + 1);
        byte[] content = node.Surviving(node.Unflushed.Take(count));
        if (count == node.Unflushed.Count || node.Unflushed[count] is not { Bytes: { } bytes } torn)
        {
            return content;
        }

        int tornLengthBytes = random.Next(bytes.Length + 1);
        new SimulatedWrite(torn.Offset, bytes[..tornLengthBytes]).ApplyTo(ref content);
        if (random.Next(2) == 0 && torn.Offset + bytes.Length > content.Length)
        {
            Array.Resize(ref content, checked((int)torn.Offset + bytes.Length)); // the new length survived, the bytes did not
        }

        return content;
    }
}
