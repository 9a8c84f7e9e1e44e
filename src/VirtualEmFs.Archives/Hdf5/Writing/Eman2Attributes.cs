using System.Runtime.InteropServices;
using VirtualEmFs.Frames;
using VirtualEmFs.Native.Hdf5;

namespace VirtualEmFs.Archives.Hdf5.Writing;

/// <summary>Writes the header of one image, or of the group of all, as EMAN2 encodes it (spec/eman2-hdf5.md section 1.3).</summary>
internal readonly struct Eman2Attributes(Hdf5Writer writer, GroupHandle group, IReadOnlyCollection<Eman2Field> fields)
{
    private readonly HashSet<string> _fieldNames = [.. fields.Select(field => field.Name)];

    /// <summary>Writes the whole header: 16 attributes for a truncated image of a stack, which with their names are most of what it costs.</summary>
    public void Write(TargetImage image, Eman2Header header)
    {
        Write("nx", image.Nx);
        Write("ny", image.Ny);
        Write("nz", image.SectionCount);
        Write("apix_x", header.PixelSize.X);
        Write("apix_y", header.PixelSize.Y);
        Write("apix_z", header.PixelSize.Z);
        Write("origin_x", header.Origin.X);
        Write("origin_y", header.Origin.Y);
        if (image.Nz > 0)
        {
            Write("origin_z", header.Origin.Z);
        }

        if (header.Statistics is FrameStatistics statistics)
        {
            Write("minimum", statistics.Minimum);
            Write("maximum", statistics.Maximum);
            Write("mean", statistics.Mean);
            Write("sigma", statistics.Sigma);
        }

        if (!header.Rescale.IsNone)
        {
            Write("stored_rendermin", header.Rescale.Minimum);
            Write("stored_rendermax", header.Rescale.Maximum);
            Write("stored_renderbits", header.Rescale.Bits);
            Write("stored_truncated", (int)Math.Min(header.TruncatedCount, int.MaxValue));
        }

        WriteFields();
    }

    /// <summary>Writes the further attributes.</summary>
    public void WriteFields()
    {
        foreach (Eman2Field field in fields)
        {
            switch (field.Value)
            {
                case int value:
                    writer.WriteAttribute(group, field.Name, Hdf5Type.Int32, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));
                    break;
                case float value:
                    writer.WriteAttribute(group, field.Name, Hdf5Type.Float32, MemoryMarshal.AsBytes(new ReadOnlySpan<float>(in value)));
                    break;
                case string value:
                    writer.WriteAttribute(group, field.Name, value);
                    break;
                case FieldNumbers numbers:
                    writer.WriteAttribute(group, field.Name, numbers.Type, numbers.Values.Span);
                    break;
                case FieldRecord record:
                    writer.WriteAttribute(group, field.Name, FieldRecord.Members, Hdf5Type.Float32, record.Values.Span);
                    break;
                default:
                    throw new InvalidOperationException($"{field.Name} has a value of type {field.Value.GetType().Name}, which EMAN2 does not have");
            }
        }
    }

    private void Write(string name, int value)
    {
        if (IsOurs(ref name))
        {
            writer.WriteAttribute(group, name, Hdf5Type.Int32, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));
        }
    }

    private void Write(string name, float value)
    {
        if (IsOurs(ref name))
        {
            writer.WriteAttribute(group, name, Hdf5Type.Float32, MemoryMarshal.AsBytes(new ReadOnlySpan<float>(in value)));
        }
    }

    private bool IsOurs(ref string name)
    {
        name = "EMAN." + name;
        return !_fieldNames.Contains(name);
    }
}
