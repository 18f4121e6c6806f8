using System.Collections;
using System.Collections.Immutable;
using Microsoft.AspNetCore.Http.Features;

namespace QuicChat.Quic.Engines;

/// <summary>
/// The features that a connection or stream is itself, as the defaults of its <see cref="FeatureCollection"/>, which so needs no memory until another
/// one is set.
/// </summary>
internal sealed class OwnFeatures(object owner, ImmutableArray<Type> features) : IFeatureCollection
{
    public bool IsReadOnly => true;

    public int Revision => 0;

    public object? this[Type key]
    {
        get => features.Contains(key) ? owner : null;
        set => throw ReadOnly();
    }

    public TFeature? Get<TFeature>() => (TFeature?)this[typeof(TFeature)];

    public void Set<TFeature>(TFeature? instance) => throw ReadOnly();

    public IEnumerator<KeyValuePair<Type, object>> GetEnumerator()
        => features.Select(feature => KeyValuePair.Create(feature, owner)).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static NotSupportedException ReadOnly() => new("The features that a connection or stream has by itself cannot be set.");
}
