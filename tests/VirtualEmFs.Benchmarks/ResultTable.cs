namespace VirtualEmFs.Benchmarks;

/// <summary>Collects results, and prints them as a Markdown table.</summary>
internal sealed class ResultTable(string title)
{
    private readonly List<string[]> _rows = [["what", "ours", "peer", "ratio", "wanted"]];

    /// <summary>A comparison in seconds: the ratio is how many times as fast as the peer we are.</summary>
    public void AddSeconds(string what, double ours, string peerName, double peer, string wanted) =>
        Add(what, $"{ours:F3} s", $"{peer:F3} s ({peerName})", $"{peer / ours:F2}", wanted);

    /// <summary>A figure without a peer.</summary>
    public void Add(string what, string ours, string peer, string ratio, string wanted)
    {
        _rows.Add([what, ours, peer, ratio, wanted]);
        Console.Error.WriteLine($"  {what}: {ours} {peer} {ratio}");
    }

    public void Print()
    {
        int[] widths = [.. Enumerable.Range(0, 5).Select(column => _rows.Max(row => row[column].Length))];
        Console.WriteLine($"\n{title}\n");
        for (int i = 0; i < _rows.Count; i++)
        {
            Console.WriteLine($"| {string.Join(" | ", _rows[i].Select((cell, column) => cell.PadRight(widths[column])))} |");
            if (i == 0)
            {
                Console.WriteLine($"| {string.Join(" | ", widths.Select(width => new string('-', width)))} |");
            }
        }
    }
}
