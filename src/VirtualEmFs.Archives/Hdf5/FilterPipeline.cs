using System.Collections.Immutable;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>One filter of a pipeline.</summary>
/// <param name="Id">The registered number.</param>
/// <param name="IsOptional">A writer may have skipped it for a chunk.</param>
internal sealed record Filter(int Id, bool IsOptional, ImmutableArray<uint> ClientData);

/// <summary>The filter pipeline message, versions 1 and 2: filters in the order in which a writer applies them (specification IV.A.2.l).</summary>
internal static class FilterPipeline
{
    // A chunk's filter mask has 32 bits.
    private const int MaximumFilters = 32;

    // Filters below this number are HDF5's own and unnamed in version 2.
    private const int FirstNamedFilter = 256;

    public static ImmutableArray<Filter> Parse(ReadOnlySpan<byte> bytes)
    {
        var fields = new FieldReader(bytes, default, "filter pipeline");
        int version = fields.Version(1, 2);
        int count = fields.U8();
        if (count > MaximumFilters)
        {
            throw new Hdf5FormatException($"a filter pipeline has {count} filters");
        }

        fields.Skip(version == 1 ? 6 : 0);
        var filters = ImmutableArray.CreateBuilder<Filter>(count);
        for (int i = 0; i < count; i++)
        {
            int id = fields.U16();
            int nameLengthBytes = version == 1 || id >= FirstNamedFilter ? fields.U16() : 0;
            bool isOptional = (fields.U16() & 1) != 0;
            int valueCount = fields.U16();
            fields.Skip(version == 1 ? (nameLengthBytes + 7) / 8 * 8 : nameLengthBytes);
            var values = ImmutableArray.CreateBuilder<uint>();
            for (int k = 0; k < valueCount; k++)
            {
                values.Add(fields.U32());
            }

            fields.Skip(version == 1 && valueCount % 2 != 0 ? 4 : 0);
            filters.Add(new Filter(id, isOptional, values.ToImmutable()));
        }

        return filters.MoveToImmutable();
    }
}
